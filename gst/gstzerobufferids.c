/* SPDX-License-Identifier: MIT */
#include "gstzerobufferids.h"

#include <string.h>

/* More than are in use at a time. */
#define MAP_SIZE 64

typedef struct {
  guint32 theirs, ours;
} NumberPair;

typedef struct {
  NumberPair pairs[MAP_SIZE]; /* the last one asked for comes first */
  guint used;
} NumberMap;

struct _GstZeroBufferIds {
  guint64 pid;
  guint users;
  NumberMap groups;
  NumberMap seqnums;
};

/* Guards the list, and everything in it. */
static GMutex ids_lock;
static GList *tables;

static GstZeroBufferIds *
find_table (guint64 pid)
{
  for (GList *link = tables; pid != 0 && link; link = link->next) {
    GstZeroBufferIds *ids = link->data;

    if (ids->pid == pid)
      return ids;
  }
  return NULL;
}

GstZeroBufferIds *
gst_zero_buffer_ids_get (guint64 pid)
{
  GstZeroBufferIds *ids;

  g_mutex_lock (&ids_lock);
  if (!(ids = find_table (pid))) {
    ids = g_new0 (GstZeroBufferIds, 1);
    ids->pid = pid;
    tables = g_list_prepend (tables, ids);
  }
  ids->users++;
  g_mutex_unlock (&ids_lock);
  return ids;
}

void
gst_zero_buffer_ids_release (GstZeroBufferIds *ids)
{
  g_mutex_lock (&ids_lock);
  if (--ids->users == 0) {
    tables = g_list_remove (tables, ids);
    g_free (ids);
  }
  g_mutex_unlock (&ids_lock);
}

/* Makes @pair, which stood at @place, the first one. */
static void
move_to_front (NumberMap *map, NumberPair pair, guint place)
{
  memmove (map->pairs + 1, map->pairs, place * sizeof pair);
  map->pairs[0] = pair;
}

static gboolean
find_number (NumberMap *map, guint32 theirs, guint32 *ours)
{
  for (guint i = 0; i < map->used; i++) {
    if (map->pairs[i].theirs != theirs)
      continue;
    *ours = map->pairs[i].ours;
    move_to_front (map, map->pairs[i], i);
    return TRUE;
  }
  return FALSE;
}

static void
add_number (NumberMap *map, guint32 theirs, guint32 ours)
{
  map->used = MIN (map->used + 1, MAP_SIZE);
  move_to_front (map, (NumberPair){ theirs, ours }, map->used - 1);
}

static guint32
map_number (NumberMap *map, guint32 theirs, guint32 (*next) (void))
{
  guint32 ours;

  g_mutex_lock (&ids_lock);
  if (!find_number (map, theirs, &ours)) {
    ours = next ();
    add_number (map, theirs, ours);
  }
  g_mutex_unlock (&ids_lock);
  return ours;
}

guint
gst_zero_buffer_ids_map_group (GstZeroBufferIds *ids, guint group_id)
{
  return map_number (&ids->groups, group_id, gst_util_group_id_next);
}

guint32
gst_zero_buffer_ids_map_seqnum (GstZeroBufferIds *ids, guint32 seqnum)
{
  return map_number (&ids->seqnums, seqnum, gst_util_seqnum_next);
}
