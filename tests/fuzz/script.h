/* SPDX-License-Identifier: MIT */
/* The input of a fuzz target as a script: numbers taken one after the other, 0
 * where there are no more. */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

typedef struct {
  const uint8_t *data;
  size_t size;
} Script;

static inline bool
script_is_over (const Script *script)
{
  return script->size == 0;
}

static inline void
script_take (Script *script, void *to, size_t size)
{
  size_t have = size < script->size ? size : script->size;

  memset (to, 0, size);
  memcpy (to, script->data, have);
  script->data += have;
  script->size -= have;
}

static inline uint8_t
script_u8 (Script *script)
{
  uint8_t value;

  script_take (script, &value, sizeof value);
  return value;
}

static inline uint16_t
script_u16 (Script *script)
{
  uint16_t value;

  script_take (script, &value, sizeof value);
  return value;
}

static inline uint64_t
script_u64 (Script *script)
{
  uint64_t value;

  script_take (script, &value, sizeof value);
  return value;
}

/* What a fuzzer takes for a find. */
#define must(condition)                                                        \
  do {                                                                         \
    if (!(condition)) {                                                        \
      fprintf (stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      abort ();                                                                \
    }                                                                          \
  } while (0)

#endif
