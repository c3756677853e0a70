/* SPDX-License-Identifier: MIT */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "gstzerobuffersink.h"
#include "gstzerobuffersrc.h"

static gboolean
plugin_init (GstPlugin *plugin)
{
  gboolean registered = FALSE;

  registered |= GST_ELEMENT_REGISTER (zerobuffersink, plugin);
  registered |= GST_ELEMENT_REGISTER (zerobuffersrc, plugin);
  return registered;
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, zerobuffer,
    "Media from one process to another through shared memory", plugin_init,
    VERSION, "MIT/X11", PACKAGE, "Unknown package origin")
