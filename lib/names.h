/* SPDX-License-Identifier: MIT */
/*
 * Who has the names of a buffer in the system: those of its memory and of its two
 * semaphores.
 *
 * The lock file keeps readers apart that see the same lock folder.  Containers may
 * not, so beyond that the name of the memory decides: it is given once, to memory
 * that is complete, and taken away only from memory whose reader is gone.  The
 * semaphores have their names only while the memory has its own: they are made
 * after it, and removed before.
 */
#ifndef ZB_NAMES_H
#define ZB_NAMES_H

#include "platform.h"

ZbResult zb_names_check (const char *name, ZbError *error);

/* For the reader, which holds the lock of @name: removes what has the name and no
 * living reader.  ZB_BUSY if there is one. */
ZbResult zb_names_make_way (const char *name, ZbError *error);

/* For the reader: shows this memory, and makes the semaphores.  ZB_BUSY if
 * somebody was faster. */
ZbResult zb_names_take (ZbMemory *memory, const char *name, unsigned mode,
    ZbSemaphore **data, ZbSemaphore **space, ZbError *error);

/* For the reader: takes the names away from this memory, if it has them still;
 * false if it does after that. */
bool zb_names_give_up (ZbMemory *memory, const char *name);

/* For the writer.  They belong to the memory that has the name before and
 * after. */
ZbResult zb_names_open_semaphores (
    const char *name, ZbSemaphore **data, ZbSemaphore **space, ZbError *error);

/* The process that is reading the buffer of this name; 0 if none. */
uint64_t zb_names_get_living_reader (const char *name);

/* Removes the buffer @name if its reader left its lock behind, and both processes
 * are gone.  @patience, ns: how long to wait for somebody else who is looking at
 * that lock. */
void zb_names_remove_abandoned (const char *name, int64_t patience);

/* The same for every buffer there is. */
void zb_names_remove_all_abandoned (void);

#endif
