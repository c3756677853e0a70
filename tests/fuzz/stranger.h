/* SPDX-License-Identifier: MIT */
/* Somebody who has the shared memory and semaphores of a buffer, and does with
 * them what the script says: now, or in the midst of what our side does. */
#ifndef STRANGER_H
#define STRANGER_H

#include "layout.h"
#include "script.h"
#include "zerobuffer.h"

/* Sizes with which the memory ends where a page ends, so that what lies behind
 * it cannot be read. */
#define METADATA_SIZE 64
#define RING_SIZE (4096 - ZB_OIEB_SIZE - METADATA_SIZE)

/* The name of this process's buffer. */
const char *stranger_get_name (void);

/* Opens what has the name now. */
void stranger_open (void);
void stranger_close (void);

/* NULL while nothing is open. */
ZbOieb *stranger_get_oieb (void);
uint8_t *stranger_get_ring (void);

/* Changes a field, or bytes, or posts, as the script says. */
void stranger_act (Script *script);

/* Does that later, in front of so many further steps of our side. */
void stranger_prepare (Script *script);

/* Undoes preparations. */
void stranger_rest (void);

/* The data or space semaphore. */
void stranger_post (bool data);

/* A frame as a writer would write it, at its write position if it fits there. */
void stranger_write_frame (size_t size);

/* What a reader would do that is done with so many bytes. */
void stranger_give_back (uint64_t bytes);

#endif
