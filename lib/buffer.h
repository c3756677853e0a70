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

/* One end of a buffer as the other sees it. */
typedef enum {
  ZB_SIDE_READER,
  ZB_SIDE_WRITER,
} ZbSide;

typedef enum {
  ZB_LIFE_UNKNOWN, /* it speaks 1.0: only its pid tells */
  ZB_LIFE_ALIVE,
  ZB_LIFE_OVER,
} ZbLife;

/* What the locks of the feature LIVENESS say: each side holds one on its own
 * pid, from before it shows that until after it has cleared it. */
ZbLife zb_buffer_get_life (const ZbMemory *memory, ZbSide side);

/* Takes this side's lock; false if another has it. */
bool zb_buffer_lock_side (ZbBuffer *buffer, ZbSide side);
void zb_buffer_unlock_side (ZbBuffer *buffer, ZbSide side);

/* Whether that side, with this pid, lives; in doubt it does. */
bool zb_buffer_is_alive (const ZbMemory *memory, ZbSide side, uint64_t pid);

_Atomic uint64_t *zb_buffer_get_pid (const ZbMemory *memory, ZbSide side);

ZbResult zb_buffer_check_name (const char *name, ZbError *error);

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

/* The process that is reading the buffer of this name; 0 if none. */
uint64_t zb_buffer_get_living_reader (const char *name);

/* Removes the buffer @name if its reader left its lock behind, and both
 * processes are gone. */
void zb_buffer_remove_abandoned (const char *name);

/* The same for every buffer there is. */
void zb_buffer_remove_all_abandoned (void);

#endif
