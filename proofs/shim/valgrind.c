/* What a program tells valgrind's memcheck about its memory. Does nothing outside valgrind. */
#include <stddef.h>
#include <valgrind/memcheck.h>

void proofs_secret(const void *at, size_t len) { (void)VALGRIND_MAKE_MEM_UNDEFINED(at, len); }
void proofs_public(const void *at, size_t len) { (void)VALGRIND_MAKE_MEM_DEFINED(at, len); }
int proofs_watched(void) { return RUNNING_ON_VALGRIND; }
