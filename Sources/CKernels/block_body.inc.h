// Register blocks of small matrix products, for vectors of sixteen and of eight; included once for each instruction set.
// The including file defines VARIANT(name) and ROWS, the rows of a block: as many as the registers hold.

static inline v16 VARIANT(load16)(const float *p) { v16 v; __builtin_memcpy(&v, p, sizeof v); return v; }
static inline void VARIANT(store16)(float *p, v16 v) { __builtin_memcpy(p, &v, sizeof v); }

// c[r][..] = start[r][..] + sum over k < depth of a[r][k] * b[k][..] for `rows` rows of one vector; no start is zero. The sum
// may come in several parts: part i begins at a + places[i] and b + i * depth * b_step.
#define BLOCK(name, vector, load, store)                                                                             \
    static inline __attribute__((always_inline)) void VARIANT(name)(                                                 \
        const int rows, const int parts, const long *places, int depth, const float *a, long a_row, long a_step,     \
        const float *b, long b_step, const float *start, long start_row, float *c, long c_row) {                     \
        vector sum[ROWS];                                                                                            \
        _Pragma("clang loop unroll(full)") for (int r = 0; r < rows; r++) sum[r] =                                   \
            start ? VARIANT(load)(start + r * start_row) : (vector){0};                                              \
        for (int part = 0; part < parts; part++) {                                                                   \
            const float *first = a + places[part];                                                                   \
            for (int k = 0; k < depth; k++, b += b_step) {                                                           \
                vector row = VARIANT(load)(b);                                                                       \
                _Pragma("clang loop unroll(full)") for (int r = 0; r < rows; r++) sum[r] +=                          \
                    first[r * a_row + k * a_step] * row;                                                             \
            }                                                                                                        \
        }                                                                                                            \
        _Pragma("clang loop unroll(full)") for (int r = 0; r < rows; r++) VARIANT(store)(c + r * c_row, sum[r]);     \
    }
BLOCK(block16, v16, load16, store16)
BLOCK(block8, v8, load, store)
#undef BLOCK

// c[r][n] = start[r][n] + sum over parts and k < depth of a[r][part][k] * b[part][k][n]; b in panels of sixteen columns,
// each parts x depth x its width.
static inline __attribute__((always_inline)) void VARIANT(multiply_parts)(
    long rows, const int parts, const long *places, int depth, int columns, const float *a, long a_row,
    const float *panels, const float *start, long start_row, float *c, long c_row) {
    for (int n = 0; n < columns; n += 16) {
        const float *b = panels + (long)n * parts * depth;
        const int narrow = columns - n < 16;
        for (long r = 0; r < rows;) {
            const float *s = start ? start + r * start_row + n : NULL, *first = a + r * a_row;
            float *target = c + r * c_row + n;
            const long left = rows - r;
            // Whole blocks as long as blocks of either height can finish the rest, single rows where none can.
            const int height = left == ROWS || left >= ROWS + RESTROWS ? ROWS : left >= RESTROWS ? RESTROWS : 1;
#define MAKE(block, height, width) \
    VARIANT(block)(height, parts, places, depth, first, a_row, 1, b, width, s, start_row, target, c_row)
            if (height == ROWS && !narrow)
                MAKE(block16, ROWS, 16);
            else if (height == ROWS)
                MAKE(block8, ROWS, 8);
            else if (height == RESTROWS && !narrow)
                MAKE(block16, RESTROWS, 16);
            else if (height == RESTROWS)
                MAKE(block8, RESTROWS, 8);
            else if (!narrow)
                MAKE(block16, 1, 16);
            else
                MAKE(block8, 1, 8);
#undef MAKE
            r += height;
        }
    }
}

// The same in one part.
static inline void VARIANT(multiply_rows)(long rows, int depth, int columns, const float *a, long a_row,
                                          const float *panels, const float *start, long start_row, float *c,
                                          long c_row) {
    const long here = 0;
    VARIANT(multiply_parts)(rows, 1, &here, depth, columns, a, a_row, panels, start, start_row, c, c_row);
}

// c[i][n] = (keep ? c : 0) + sum over parts and rows of a[part][row][i] * b[part][row][n], in blocks of `tall` rows of c
// that blocks of `rest` finish.
static inline __attribute__((always_inline)) void VARIANT(multiply_column_parts)(
    const int tall, const int rest, const int parts, const long *places, int rows, int height, int columns, const float *a,
    long a_row, const float *b, long b_row, float *c, long c_row, int keep) {
    for (int i = 0; i < height;) {
        const int whole = height - i == tall || height - i >= tall + rest;
        for (int n = 0; n < columns; n += 16) {
            float *target = c + i * c_row + n;
            const float *s = keep ? target : NULL;
            const int narrow = columns - n < 16;
#define MAKE(block, height) \
    VARIANT(block)(height, parts, places, rows, a + i, 1, a_row, b + n, b_row, s, c_row, target, c_row)
            if (whole && !narrow)
                MAKE(block16, tall);
            else if (whole)
                MAKE(block8, tall);
            else if (!narrow)
                MAKE(block16, rest);
            else
                MAKE(block8, rest);
#undef MAKE
        }
        i += whole ? tall : rest;
    }
}

// The same in one part; the height is a multiple of eight.
static inline void VARIANT(multiply_columns)(int rows, int height, int columns, const float *a, long a_row,
                                             const float *b, long b_row, float *c, long c_row, int keep) {
    const long here = 0;
    VARIANT(multiply_column_parts)(ROWS, RESTROWS, 1, &here, rows, height, columns, a, a_row, b, b_row, c, c_row, keep);
}
