/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* What the sources are called. */
#include "source.h"

static const struct {
    const char *name, *id;
} sources[SOURCE_N] = {
    [SOURCE_CERTBUND] = { "CERT-Bund", "certbund" },
    [SOURCE_SHADOWSERVER] = { "Shadowserver", "shadowserver" },
};

const char *source_name(ReportSource source)
{
    return sources[source].name;
}

const char *source_id(ReportSource source)
{
    return sources[source].id;
}
