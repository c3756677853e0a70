/* SPDX-License-Identifier: MIT */
/* Where there is no libFuzzer: runs a target once with each file of a folder. */
#include <glib.h>

#include "script.h"

static void
replay (const char *path)
{
  GError *error = NULL;
  gchar *data;
  gsize size;

  if (!g_file_get_contents (path, &data, &size, &error))
    g_error ("%s", error->message);
  LLVMFuzzerTestOneInput ((const uint8_t *) data, size);
  g_free (data);
}

int
main (int argc, char **argv)
{
  unsigned count = 0;

  for (int i = 1; i < argc; i++) {
    GDir *dir = g_dir_open (argv[i], 0, NULL);
    const char *file;

    while (dir && (file = g_dir_read_name (dir))) {
      char *path = g_build_filename (argv[i], file, NULL);

      printf ("%s\n", path);
      fflush (stdout);
      replay (path);
      g_free (path);
      count++;
    }
    g_clear_pointer (&dir, g_dir_close);
  }
  printf ("%u inputs\n", count);
  return count > 0 ? 0 : 1;
}
