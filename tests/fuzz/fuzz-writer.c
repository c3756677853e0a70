/* SPDX-License-Identifier: MIT */
/* A writer, whose reader is a stranger. */
#include "stranger.h"

#define PLACES_MAX 16

static ZbReader *owner; /* of the names; it does nothing */
static ZbWriter *writer;
static ZbPlace *places[PLACES_MAX];
static unsigned place_count;
static ZbError error;

static void
create (uint64_t features)
{
  ZbReaderConfig config = { RING_SIZE, METADATA_SIZE, 0600, features,
    2 * RING_SIZE };

  must (zb_reader_create (stranger_get_name (), &config, &owner, &error) ==
        ZB_OK);
  stranger_open ();
  must (
      zb_writer_new (stranger_get_name (), features, &writer, &error) == ZB_OK);
}

static void
check_result (ZbResult result)
{
  must (result == ZB_OK || (error.result == result && *error.message));
}

static void
connect_writer (void)
{
  check_result (zb_writer_connect (writer, 0, &error));
}

static void
write_metadata (size_t size)
{
  static const uint8_t metadata[256];

  check_result (zb_writer_set_metadata (writer, metadata, size, &error));
}

static void
write_frame (size_t size)
{
  static const uint8_t frame[RING_SIZE];

  check_result (zb_writer_write (writer, frame, size, 0, &error));
}

/* What is out may be written to, and is nobody else's. */
static void
check_places (void)
{
  for (unsigned i = 0; i < place_count; i++) {
    uint8_t *data = zb_place_get_data (places[i]);
    size_t size = zb_place_get_size (places[i]);

    memset (data, (int) i, size);
    for (unsigned other = 0; other < i; other++) {
      uint8_t *others = zb_place_get_data (places[other]);
      size_t others_size = zb_place_get_size (places[other]);

      must (data + size <= others || others + others_size <= data);
    }
  }
}

static void
reserve (size_t size)
{
  ZbResult result;

  if (place_count == PLACES_MAX)
    return;
  result =
      zb_writer_reserve_place (writer, size, 0, &places[place_count], &error);
  check_result (result);
  if (result != ZB_OK)
    return;
  must (zb_place_get_size (places[place_count]) == size && size <= RING_SIZE);
  place_count++;
}

static void
publish (unsigned i)
{
  check_result (zb_writer_publish_place (
      writer, places[i], zb_place_get_size (places[i]), &error));
}

static void
release (unsigned i)
{
  zb_place_release (places[i]);
  places[i] = places[--place_count];
}

static void
look_around (void)
{
  ZbStats stats;

  zb_writer_get_stats (writer, &stats);
  must (stats.ring_used <= stats.ring_size);
  check_result (zb_writer_check_reader (writer, &error));
  zb_writer_get_key_unit_requests (writer);
}

static void
do_next (Script *script)
{
  switch (script_u8 (script) % 14) {
    case 0:
      stranger_act (script);
      break;
    case 1:
      stranger_prepare (script);
      break;
    case 2:
    case 3:
      stranger_give_back (script_u16 (script) % RING_SIZE);
      break;
    case 4:
      connect_writer ();
      break;
    case 5:
      write_metadata (script_u8 (script));
      break;
    case 6:
    case 7:
      write_frame (script_u16 (script) % RING_SIZE);
      break;
    case 8:
    case 9:
      reserve (script_u16 (script) % RING_SIZE);
      break;
    case 10:
      if (place_count > 0)
        publish (script_u8 (script) % place_count);
      break;
    case 11:
      if (place_count > 0)
        release (script_u8 (script) % place_count);
      break;
    case 12:
      look_around ();
      break;
    default:
      if (script_u8 (script) % 4 == 0)
        zb_writer_grow (writer, script_u16 (script), &error);
      else
        zb_writer_disconnect (writer);
      break;
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  Script script = { data, size };

  create (script_u8 (&script) & 0x1f);
  connect_writer ();
  while (!script_is_over (&script)) {
    do_next (&script);
    check_places ();
  }
  stranger_rest ();
  stranger_close ();
  zb_writer_free (writer);
  while (place_count > 0)
    release (0);
  zb_reader_close (owner);
  return 0;
}
