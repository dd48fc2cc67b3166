/* The model computes in float. Fused multiply-adds would round once where its reference rounds twice, and not every
 * build system lets a library turn them off by a flag. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif
