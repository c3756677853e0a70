/* SPDX-License-Identifier: MIT */
/*
 * The named things that make up a buffer, as either end holds them: shared
 * memory and two semaphores.  (The lock is the reader's alone.)
 *
 * The sizes here are private copies, checked once against the mapping; those
 * in shared memory are never used again, only compared.
 */
#ifndef ZB_BUFFER_H
#define ZB_BUFFER_H

#include "layout.h"
#include "platform.h"

typedef struct {
  ZbMemory *memory;
  ZbSemaphore *data;  /* posted by the writer */
  ZbSemaphore *space; /* posted by the reader */
  ZbOieb *oieb;
  uint8_t *metadata;
  uint8_t *ring;
  uint64_t metadata_size;
  uint64_t payload_size;
  uint64_t reader_features; /* what the reader offers */
  uint32_t version;
} ZbBuffer;

/* For the reader.  The caller holds the lock of @name.  Whatever has the name
 * and no living reader is replaced. */
ZbResult zb_buffer_create (ZbBuffer *buffer, const char *name,
    const ZbReaderConfig *config, ZbError *error);

/* For the reader: says goodbye to the writer and removes the names; false if
 * they are still there.  The buffer itself stays usable until it is closed. */
bool zb_buffer_retire (ZbBuffer *buffer, const char *name);

/* For the writer: ZB_NOT_READY until a living reader has made a whole buffer
 * of it.  What a crashed reader left is removed. */
ZbResult zb_buffer_open (ZbBuffer *buffer, const char *name, ZbError *error);

void zb_buffer_close (ZbBuffer *buffer);

/* ZB_CORRUPT unless @low <= @found <= @high. */
ZbResult zb_buffer_check_range (const char *name, const char *field,
    uint64_t found, uint64_t low, uint64_t high, ZbError *error);

/* Checks what neither side may change once the reader has written it. */
ZbResult zb_buffer_check (
    const ZbBuffer *buffer, const char *name, ZbError *error);

/* Bytes of the ring in use, as far as that can be believed. */
uint64_t zb_buffer_get_used (const ZbBuffer *buffer);

/* The same in percent of the ring. */
unsigned zb_buffer_get_fill (const ZbBuffer *buffer);

#endif
