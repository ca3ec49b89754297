// Register blocks of small matrix products, for vectors of sixteen and of eight; included once for each instruction set.
// The including file defines VARIANT(name) and ROWS, the rows of a block: as many as the registers hold.

static inline v16 VARIANT(load16)(const float *p) { v16 v; __builtin_memcpy(&v, p, sizeof v); return v; }
static inline void VARIANT(store16)(float *p, v16 v) { __builtin_memcpy(p, &v, sizeof v); }

// c[r][..] = start[r][..] + sum over k < depth of a[r][k] * b[k][..] for `rows` rows of one vector; no start is zero.
#define BLOCK(name, vector, load, store)                                                                             \
    static inline __attribute__((always_inline)) void VARIANT(name)(                                                 \
        const int rows, int depth, const float *a, long a_row, long a_step, const float *b, long b_step,             \
        const float *start, long start_row, float *c, long c_row) {                                                  \
        vector sum[ROWS];                                                                                            \
        _Pragma("clang loop unroll(full)") for (int r = 0; r < rows; r++) sum[r] =                                   \
            start ? VARIANT(load)(start + r * start_row) : (vector){0};                                              \
        for (int k = 0; k < depth; k++) {                                                                            \
            vector row = VARIANT(load)(b + k * b_step);                                                              \
            _Pragma("clang loop unroll(full)") for (int r = 0; r < rows; r++) sum[r] +=                              \
                a[r * a_row + k * a_step] * row;                                                                     \
        }                                                                                                            \
        _Pragma("clang loop unroll(full)") for (int r = 0; r < rows; r++) VARIANT(store)(c + r * c_row, sum[r]);     \
    }
BLOCK(block16, v16, load16, store16)
BLOCK(block8, v8, load, store)
#undef BLOCK

// c[r][n] = start[r][n] + sum over k of a[r][k] * b[k][n]; b in panels of sixteen columns, each depth x its width.
static inline void VARIANT(multiply_rows)(long rows, int depth, int columns, const float *a, long a_row, const float *panels,
                                   const float *start, long start_row, float *c, long c_row) {
    for (int n = 0; n < columns; n += 16) {
        const float *b = panels + (long)n * depth;
        const int narrow = columns - n < 16;
        for (long r = 0; r < rows;) {
            const float *s = start ? start + r * start_row + n : NULL;
            const int whole = rows - r >= ROWS;
            if (whole && !narrow)
                VARIANT(block16)(ROWS, depth, a + r * a_row, a_row, 1, b, 16, s, start_row, c + r * c_row + n, c_row);
            else if (whole)
                VARIANT(block8)(ROWS, depth, a + r * a_row, a_row, 1, b, 8, s, start_row, c + r * c_row + n, c_row);
            else if (!narrow)
                VARIANT(block16)(1, depth, a + r * a_row, a_row, 1, b, 16, s, start_row, c + r * c_row + n, c_row);
            else
                VARIANT(block8)(1, depth, a + r * a_row, a_row, 1, b, 8, s, start_row, c + r * c_row + n, c_row);
            r += whole ? ROWS : 1;
        }
    }
}

// c[i][n] = (keep ? c : 0) + sum over rows of a[row][i] * b[row][n].
static inline void VARIANT(multiply_columns)(int rows, int height, int columns, const float *a, long a_row, const float *b,
                                      long b_row, float *c, long c_row, int keep) {
    for (int i = 0; i < height;) {
        // Whole blocks as long as blocks of RESTROWS can finish the rest.
        const int whole = height - i >= ROWS && (height - i - ROWS) % RESTROWS == 0;
        for (int n = 0; n < columns; n += 16) {
            float *target = c + i * c_row + n;
            const float *s = keep ? target : NULL;
            const int narrow = columns - n < 16;
            if (whole && !narrow)
                VARIANT(block16)(ROWS, rows, a + i, 1, a_row, b + n, b_row, s, c_row, target, c_row);
            else if (whole)
                VARIANT(block8)(ROWS, rows, a + i, 1, a_row, b + n, b_row, s, c_row, target, c_row);
            else if (!narrow)
                VARIANT(block16)(RESTROWS, rows, a + i, 1, a_row, b + n, b_row, s, c_row, target, c_row);
            else
                VARIANT(block8)(RESTROWS, rows, a + i, 1, a_row, b + n, b_row, s, c_row, target, c_row);
        }
        i += whole ? ROWS : RESTROWS;
    }
}
