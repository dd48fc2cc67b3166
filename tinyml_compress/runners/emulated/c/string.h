/* The four functions that compilers call by themselves, and two that a device on a line wants; freestanding compilers
 * bring no such header. */
#ifndef TC_FIRMWARE_STRING_H
#define TC_FIRMWARE_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *one, const void *two, size_t bytes);
int strcmp(const char *one, const char *two);
size_t strlen(const char *text);

#endif
