#ifndef LAUREL_ALLOCATIONS_H
#define LAUREL_ALLOCATIONS_H

// How often the calling thread has asked for memory since it began, oneDNN itself left out: it keeps tables of arguments
// for every execution. -1 where a sanitizer keeps the books.
long laurel_allocations(void);

#endif
