/* SPDX-License-Identifier: MIT */
/*
 * The system calls, and calls of the C library, that the platform layer makes.
 * The linker leads them here (--wrap), where a test can count them and have
 * them fail.
 */
#ifndef CALLS_H
#define CALLS_H

#include "shared.h"

/* Called in front of each, from any thread.  Returns 0 to go on, or the errno
 * to fail with.  @step: whether others see what the call does. */
extern int (*calls_hook) (const char *call, ZbStep step);

#endif
