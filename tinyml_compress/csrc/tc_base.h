/* What every kernel may rely on: fixed-width integers, inlining control, memory helpers. */
#ifndef TC_BASE_H
#define TC_BASE_H

#include <stddef.h>
#include <stdint.h>

/* The generator replaces these two when it writes a kernel into a model's source. Here, for kernels compiled
 * and tested on their own, a kernel is an ordinary external function. */
#ifndef TC_KERNEL
#define TC_KERNEL
#endif

#ifndef TC_MEMCPY
#include <string.h>
#define TC_MEMCPY memcpy
#define TC_MEMSET memset
#endif

#if defined(__GNUC__) || defined(__clang__)
#define TC_NOINLINE __attribute__((noinline, unused))
#define TC_INLINE inline __attribute__((always_inline, unused))
#define TC_ALIGNED(n) __attribute__((aligned(n)))
/* What the generator or the lines before have made sure of, told to compilers, sanitizers and analysers. */
#define TC_KNOWN(fact) ((fact) ? (void)0 : __builtin_unreachable())
#else
#define TC_NOINLINE
#define TC_INLINE inline
#define TC_ALIGNED(n)
#define TC_KNOWN(fact) ((void)(fact))
#endif

#endif
