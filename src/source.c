/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* What the sources are called. */
#include "source.h"

#include <string.h>

static const struct {
    const char *name, *id, *organisation, *contact;
} sources[SOURCE_N] = {
    [SOURCE_CERTBUND] = { "CERT-Bund", "certbund",
                          "CERT-Bund, Bundesamt für Sicherheit in der Informationstechnik",
                          "certbund@bsi.bund.de" },
    [SOURCE_SHADOWSERVER] = { "Shadowserver", "shadowserver", "The Shadowserver Foundation",
                              "autoreports@shadowserver.org" },
};

ReportSource source_of_ticket(const char *ticket)
{
    return strncmp(ticket, SOURCE_SHADOWSERVER_TICKET, strlen(SOURCE_SHADOWSERVER_TICKET)) == 0
        ? SOURCE_SHADOWSERVER : SOURCE_CERTBUND;
}

const char *source_name(ReportSource source)
{
    return sources[source].name;
}

const char *source_id(ReportSource source)
{
    return sources[source].id;
}

const char *source_organisation(ReportSource source)
{
    return sources[source].organisation;
}

const char *source_contact(ReportSource source)
{
    return sources[source].contact;
}
