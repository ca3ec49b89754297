// Loads, stores and sums of eight lanes; included once for each instruction set, before a body that uses them.

static inline v8 VARIANT(load)(const float *p) { v8 v; __builtin_memcpy(&v, p, sizeof v); return v; }
static inline void VARIANT(store)(float *p, v8 v) { __builtin_memcpy(p, &v, sizeof v); }
static inline float VARIANT(sum)(v8 v) { return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7])); }
