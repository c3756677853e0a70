/* SPDX-License-Identifier: MIT */
/* A reader, whose writer is a stranger. */
#include "stranger.h"

#define HELD_MAX 16

static ZbReader *reader;
static ZbFrame *held[HELD_MAX];
static unsigned held_count;
static uint64_t sequence; /* of the last frame */
static ZbResult end;      /* of the session; ZB_OK = it goes on */
static ZbError error;

static void
create (uint64_t features)
{
  ZbReaderConfig config = { RING_SIZE, METADATA_SIZE, 0600, features,
    2 * RING_SIZE };

  must (zb_reader_create (stranger_get_name (), &config, &reader, &error) ==
        ZB_OK);
  stranger_open ();
  sequence = 0;
  end = ZB_OK;
}

static void
use_frame (const ZbFrame *frame)
{
  const volatile uint8_t *data = zb_frame_get_data (frame);
  size_t size = zb_frame_get_size (frame);

  must (size > 0 && size <= 2 * RING_SIZE - 16);
  must (zb_frame_get_span (frame) <= 2 * RING_SIZE);
  for (size_t i = 0; i < size; i++)
    (void) data[i];
}

static void
release (unsigned i)
{
  use_frame (held[i]);
  zb_frame_release (held[i]);
  held[i] = held[--held_count];
}

static void
read_frame (void)
{
  ZbFrame *frame;
  ZbResult result = zb_reader_read (reader, 0, &frame, &error);

  must (end == ZB_OK || result == end);
  switch (result) {
    case ZB_OK:
      must (zb_frame_get_sequence (frame) == ++sequence);
      use_frame (frame);
      if (held_count == HELD_MAX)
        release (0);
      held[held_count++] = frame;
      break;
    case ZB_TIMEOUT:
      break;
    case ZB_PEER_LEFT:
    case ZB_PEER_CRASHED:
    case ZB_GROW:
    case ZB_CORRUPT:
      must (error.result == result && *error.message);
      end = result;
      break;
    default:
      must (!"such a result");
  }
}

static void
get_metadata (void)
{
  const void *data;
  size_t size;
  ZbResult result = zb_reader_get_metadata (reader, &data, &size, &error);

  must (result == ZB_OK || result == ZB_CORRUPT);
  must (size <= METADATA_SIZE - ZB_METADATA_PREFIX_SIZE);
  for (size_t i = 0; i < size; i++)
    (void) ((const volatile uint8_t *) data)[i];
}

/* A ring of another size is not the one that the stranger knows. */
static void
renew (void)
{
  stranger_close ();
  must (zb_reader_renew (reader, &error) == ZB_OK);
  sequence = 0;
  end = ZB_OK;
  if (zb_reader_get_hold_limit (reader) <= RING_SIZE / 2)
    stranger_open ();
}

static void
look_around (void)
{
  ZbStats stats;

  zb_reader_get_stats (reader, &stats);
  must (stats.ring_used <= stats.ring_size);
  must (zb_reader_get_hold_limit (reader) <= stats.ring_size);
  zb_reader_get_features (reader);
  zb_reader_request_key_unit (reader);
}

static void
do_next (Script *script)
{
  switch (script_u8 (script) % 10) {
    case 0:
      stranger_act (script);
      break;
    case 1:
      stranger_prepare (script);
      break;
    case 2:
      stranger_write_frame (script_u16 (script) % RING_SIZE);
      break;
    case 3:
      stranger_post (true);
      break;
    case 4:
    case 5:
      read_frame ();
      break;
    case 6:
      if (held_count > 0)
        release (script_u8 (script) % held_count);
      break;
    case 7:
      if (held_count > 0)
        zb_frame_detach (held[script_u8 (script) % held_count], &error);
      break;
    case 8:
      get_metadata ();
      look_around ();
      break;
    default:
      renew ();
      break;
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  Script script = { data, size };

  create (script_u8 (&script) & 0x1f);
  while (!script_is_over (&script))
    do_next (&script);
  read_frame ();
  stranger_rest ();
  stranger_close ();
  zb_reader_close (reader);
  while (held_count > 0)
    release (0);
  return 0;
}
