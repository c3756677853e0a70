/* SPDX-License-Identifier: MIT */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>

ZbResult
zb_fail (ZbError *error, ZbResult result, int os_error, const char *format, ...)
{
  va_list args;

  if (!error)
    return result;

  error->result = result;
  error->os_error = os_error;
  va_start (args, format);
  vsnprintf (error->message, sizeof error->message, format, args);
  va_end (args);
  return result;
}

const char *
zb_result_text (ZbResult result)
{
  switch (result) {
#define ZB_RESULT_TEXT(name, text)                                             \
  case name:                                                                   \
    return text;
    ZB_RESULTS (ZB_RESULT_TEXT)
#undef ZB_RESULT_TEXT
  }
  return "unknown result";
}
