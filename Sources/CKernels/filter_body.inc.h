// Eight 3x3 filters at once, between memory and registers; included by bodies that use them.

// Exchanges rows and columns.
static inline __attribute__((always_inline)) void VARIANT(transpose8)(v8 r[8]) {
    v8 a[8], b[8];
    for (int i = 0; i < 8; i += 2) {
        a[i] = __builtin_shufflevector(r[i], r[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        a[i + 1] = __builtin_shufflevector(r[i], r[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    for (int i = 0; i < 8; i += 4)
        for (int j = 0; j < 2; j++) {
            b[i + 2 * j] = __builtin_shufflevector(a[i + j], a[i + j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
            b[i + 2 * j + 1] = __builtin_shufflevector(a[i + j], a[i + j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        }
    for (int i = 0; i < 4; i++) {
        r[i] = __builtin_shufflevector(b[i], b[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        r[i + 4] = __builtin_shufflevector(b[i], b[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
}

// Nine taps of eight filters that lie `apart`: lane by filter.
static inline __attribute__((always_inline)) void VARIANT(load_filters)(const float *filters, long apart, v8 g[9]) {
    for (int lane = 0; lane < 8; lane++) g[lane] = VARIANT(load)(filters + lane * apart);
    VARIANT(transpose8)(g);
    for (int lane = 0; lane < 8; lane++) g[8][lane] = filters[lane * apart + 8];
}

static inline __attribute__((always_inline)) void VARIANT(store_filters)(float *filters, long apart, v8 g[9]) {
    VARIANT(transpose8)(g);
    for (int lane = 0; lane < 8; lane++) {
        VARIANT(store)(filters + lane * apart, g[lane]);
        filters[lane * apart + 8] = g[8][lane];
    }
}
