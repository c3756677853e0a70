/* SPDX-License-Identifier: MIT */
/*
 * What is in the shared memory: structs and offsets, and nothing else.
 * docs/protocol.md has the pictures.
 *
 *   0      OIEB, 128 bytes
 *   128    metadata block
 *   128+M  payload block, the ring
 */
#ifndef ZB_LAYOUT_H
#define ZB_LAYOUT_H

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the wire is little-endian and this code reads it in place"
#endif

#define ZB_ALIGNMENT UINT64_C (64)
#define ZB_OIEB_SIZE UINT64_C (128)
#define ZB_FRAME_HEADER_SIZE UINT64_C (16)
#define ZB_METADATA_PREFIX_SIZE UINT64_C (8)

/* The version's four bytes {major, minor, patch, 0}, read as one integer. */
#define ZB_VERSION_MAJOR 1
#define ZB_VERSION_1_0_0 UINT32_C (0x00000001)
#define ZB_VERSION_1_1_0 UINT32_C (0x00000101)
#define ZB_VERSION_GET_MAJOR(version) ((version) &0xff)

/* Operation info exchange block.  Every field is atomic: the other process
 * may write it at any time.  Orders are argued where they are used. */
typedef struct {
  _Atomic uint32_t oieb_size; /* stored last by the reader, with release */
  _Atomic uint32_t version;
  _Atomic uint64_t metadata_size;
  _Atomic uint64_t metadata_free_bytes;
  _Atomic uint64_t metadata_written_bytes; /* with the 8-byte prefix */
  _Atomic uint64_t payload_size;
  _Atomic uint64_t payload_free_bytes; /* both sides: add and subtract only */
  _Atomic uint64_t payload_write_pos;
  _Atomic uint64_t payload_read_pos;
  _Atomic uint64_t payload_written_count;
  _Atomic uint64_t payload_read_count;
  _Atomic uint64_t writer_pid;
  _Atomic uint64_t reader_pid;
  /* The extension 1.1; all 0 in 1.0. */
  _Atomic uint64_t reader_features; /* before oieb_size */
  _Atomic uint64_t writer_features; /* a subset; before the first frame */
  _Atomic uint64_t requested_payload_size; /* by the writer; 0 = none */
  _Atomic uint64_t key_unit_requests;      /* by the reader; counts up */
} ZbOieb;

/* Frames are not aligned, so a header is always copied in and out. */
typedef struct {
  uint64_t payload_size;
  uint64_t sequence_number;
} ZbFrameHeader;

/* Sequence numbers of headers that are no frame's.  A size of 0: a marker of a
 * wrap, in front of a frame or, with a post of its own, alone.  Any other size:
 * a filler. */
#define ZB_SEQUENCE_NONE UINT64_C (0)
#define ZB_SEQUENCE_WRAP_ALONE UINT64_MAX

/* Real programs depend on each of these. */
static_assert (sizeof (ZbOieb) == ZB_OIEB_SIZE, "wire");
static_assert (sizeof (ZbFrameHeader) == ZB_FRAME_HEADER_SIZE, "wire");
static_assert (offsetof (ZbOieb, oieb_size) == 0x00, "wire");
static_assert (offsetof (ZbOieb, version) == 0x04, "wire");
static_assert (offsetof (ZbOieb, metadata_size) == 0x08, "wire");
static_assert (offsetof (ZbOieb, metadata_free_bytes) == 0x10, "wire");
static_assert (offsetof (ZbOieb, metadata_written_bytes) == 0x18, "wire");
static_assert (offsetof (ZbOieb, payload_size) == 0x20, "wire");
static_assert (offsetof (ZbOieb, payload_free_bytes) == 0x28, "wire");
static_assert (offsetof (ZbOieb, payload_write_pos) == 0x30, "wire");
static_assert (offsetof (ZbOieb, payload_read_pos) == 0x38, "wire");
static_assert (offsetof (ZbOieb, payload_written_count) == 0x40, "wire");
static_assert (offsetof (ZbOieb, payload_read_count) == 0x48, "wire");
static_assert (offsetof (ZbOieb, writer_pid) == 0x50, "wire");
static_assert (offsetof (ZbOieb, reader_pid) == 0x58, "wire");
static_assert (offsetof (ZbOieb, reader_features) == 0x60, "wire");
static_assert (offsetof (ZbOieb, writer_features) == 0x68, "wire");
static_assert (offsetof (ZbOieb, requested_payload_size) == 0x70, "wire");
static_assert (offsetof (ZbOieb, key_unit_requests) == 0x78, "wire");

/* An atomic that needs a lock would keep that lock in one process. */
static_assert (ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2,
    "shared atomics must be lock-free");

#endif
