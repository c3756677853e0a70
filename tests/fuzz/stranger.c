/* SPDX-License-Identifier: MIT */
#include "stranger.h"

#include <fcntl.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shared.h"

static ZbOieb *oieb;
static sem_t *data_semaphore, *space_semaphore;
static uint64_t sequence;

/* What is to be done, by the step in front of which it is. */
#define PREPARED_MAX 8
static struct {
  unsigned steps_left;
  uint8_t action[12];
} prepared[PREPARED_MAX];
static unsigned count;

const char *
stranger_get_name (void)
{
  static char name[32];

  if (!*name)
    snprintf (name, sizeof name, "fuzz-%d", (int) getpid ());
  return name;
}

static sem_t *
open_semaphore (const char *prefix)
{
  char name[64];
  sem_t *semaphore;

  snprintf (name, sizeof name, "/%s%s", prefix, stranger_get_name ());
  semaphore = sem_open (name, 0);
  must (semaphore != SEM_FAILED);
  return semaphore;
}

void
stranger_open (void)
{
  char name[64];
  int fd;

  stranger_close ();
  snprintf (name, sizeof name, "/%s", stranger_get_name ());
  fd = shm_open (name, O_RDWR, 0);
  must (fd >= 0);
  oieb = mmap (NULL, ZB_OIEB_SIZE + METADATA_SIZE + RING_SIZE,
      PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  must (oieb != MAP_FAILED);
  close (fd);
  data_semaphore = open_semaphore ("sem-w-");
  space_semaphore = open_semaphore ("sem-r-");
  sequence = 0;
}

void
stranger_close (void)
{
  if (!oieb)
    return;
  munmap (oieb, ZB_OIEB_SIZE + METADATA_SIZE + RING_SIZE);
  sem_close (data_semaphore);
  sem_close (space_semaphore);
  oieb = NULL;
}

ZbOieb *
stranger_get_oieb (void)
{
  return oieb;
}

uint8_t *
stranger_get_ring (void)
{
  return (uint8_t *) oieb + ZB_OIEB_SIZE + METADATA_SIZE;
}

void
stranger_post (bool data)
{
  if (oieb)
    sem_post (data ? data_semaphore : space_semaphore);
}

/* Some values are worth more than chance would give them. */
static uint64_t
take_value (Script *script)
{
  uint64_t value = script_u64 (script);

  switch (value & 7) {
    case 0:
      return UINT64_MAX - (value >> 56);
    case 1:
      return RING_SIZE + (int8_t) (value >> 56);
    case 2:
      return (uint64_t) getpid ();
    case 3:
      return 0;
    default:
      return value >> 3;
  }
}

void
stranger_act (Script *script)
{
  uint8_t what = script_u8 (script);

  if (!oieb)
    return;
  if (what < 128) {
    ((_Atomic uint64_t *) oieb)[what % 16] = take_value (script);
  } else if (what < 240) {
    /* A header, mostly. */
    size_t size = METADATA_SIZE + RING_SIZE;
    size_t offset = script_u16 (script) % (size / 8) * 8;
    uint64_t value = what & 1 ? take_value (script) : script_u64 (script);

    memcpy ((uint8_t *) oieb + ZB_OIEB_SIZE + offset, &value, sizeof value);
  } else {
    stranger_post (what & 1);
  }
}

void
stranger_prepare (Script *script)
{
  if (count == PREPARED_MAX)
    return;
  prepared[count].steps_left = 1 + script_u8 (script);
  script_take (script, prepared[count].action, sizeof prepared[count].action);
  count++;
}

void
stranger_rest (void)
{
  count = 0;
}

void
zb_step (ZbStep step)
{
  for (unsigned i = 0; i < count;) {
    Script action = { prepared[i].action, sizeof prepared[i].action };

    if (--prepared[i].steps_left > 0) {
      i++;
      continue;
    }
    stranger_act (&action);
    prepared[i] = prepared[--count];
  }
}

void
stranger_write_frame (size_t size)
{
  ZbFrameHeader header = { size, sequence + 1 };
  uint64_t position;

  if (!oieb)
    return;
  position = oieb->payload_write_pos;
  if (size == 0 || position > RING_SIZE ||
      RING_SIZE - position < sizeof header + size)
    return;
  memcpy (stranger_get_ring () + position, &header, sizeof header);
  memset (stranger_get_ring () + position + sizeof header, 1, size);
  oieb->payload_write_pos = position + sizeof header + size;
  oieb->payload_free_bytes -= sizeof header + size;
  oieb->payload_written_count++;
  sequence++;
  sem_post (data_semaphore);
}

void
stranger_give_back (uint64_t bytes)
{
  if (!oieb)
    return;
  oieb->payload_free_bytes += bytes;
  sem_post (space_semaphore);
}
