// The test program's own malloc and its kin: they count and hand on to the C library's.
#define _GNU_SOURCE
#include "allocations.h"
#include <errno.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)

long laurel_allocations(void) { return -1; }

#else

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

// In the program itself thread-local memory is there before the first call, so counting never allocates.
static _Thread_local long count __attribute__((tls_model("initial-exec")));

// Where oneDNN, and the C++ library that it allocates through, lie. Nothing else in the program is written in C++.
static struct { uintptr_t begin, end; } others[2];

static int look(struct dl_phdr_info *library, size_t size, void *unused) {
    (void)size, (void)unused;
    int place = strstr(library->dlpi_name, "libdnnl.so") ? 0 : strstr(library->dlpi_name, "libstdc++.so") ? 1 : -1;
    if (place < 0) return 0;
    for (int i = 0; i < library->dlpi_phnum; i++) {
        if (library->dlpi_phdr[i].p_type != PT_LOAD) continue;
        uintptr_t begin = library->dlpi_addr + library->dlpi_phdr[i].p_vaddr;
        uintptr_t end = begin + library->dlpi_phdr[i].p_memsz;
        if (others[place].begin == 0 || begin < others[place].begin) others[place].begin = begin;
        if (end > others[place].end) others[place].end = end;
    }
    return 0;
}

__attribute__((constructor)) static void find_others(void) { dl_iterate_phdr(look, NULL); }

static inline void note(void *caller) {
    for (int i = 0; i < 2; i++) {
        if ((uintptr_t)caller >= others[i].begin && (uintptr_t)caller < others[i].end) return;
    }
    count++;
}

long laurel_allocations(void) { return count; }

void *malloc(size_t size) {
    note(__builtin_return_address(0));
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    note(__builtin_return_address(0));
    return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size) {
    note(__builtin_return_address(0));
    return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
    note(__builtin_return_address(0));
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    note(__builtin_return_address(0));
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **place, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0) return EINVAL;
    note(__builtin_return_address(0));
    void *memory = __libc_memalign(alignment, size);
    if (memory == NULL) return ENOMEM;
    *place = memory;
    return 0;
}

#endif
