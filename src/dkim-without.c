/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* In the place of dkim.c in a build without libopendkim. */
#include "dkim.h"

gboolean dkim_available(void)
{
    return FALSE;
}

void dkim_examine(const Config *config G_GNUC_UNUSED, const Trust *trust G_GNUC_UNUSED,
                  Message *message G_GNUC_UNUSED, Finding *finding_r)
{
    finding_set(finding_r, FINDING_FAILED, "not looked at: built without libopendkim");
}
