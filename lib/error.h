/* SPDX-License-Identifier: MIT */
/* Fills in a ZbError where one is wanted, and returns its result code. */
#ifndef ZB_ERROR_H
#define ZB_ERROR_H

#include "zerobuffer.h"

#if defined(__GNUC__)
#define ZB_PRINTF(text, first) __attribute__ ((format (printf, text, first)))
#else
#define ZB_PRINTF(text, first)
#endif

ZbResult zb_fail (ZbError *error, ZbResult result, int os_error,
    const char *format, ...) ZB_PRINTF (4, 5);

#endif
