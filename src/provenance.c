/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Weighs what proves that a mail comes from CERT-Bund.  A word of require= that
 * this version can't prove never passes. */
#include "provenance.h"

#include <string.h>

static gboolean client_passes(const Config *config, const Address *client, GString *evidence)
{
    char text[ADDRESS_TEXT_SIZE];

    if (client == NULL) {
        g_string_append(evidence, "client: no connection to look at");
        return FALSE;
    }
    for (guint i = 0; i < config->n_clients; i++)
        if (network_contains(&config->clients[i], client)) {
            g_autofree char *network = network_format(&config->clients[i]);
            g_string_append_printf(evidence, "client: %s is in %s", address_format(client, text),
                                   network);
            return TRUE;
        }
    g_string_append_printf(evidence, "client: %s is in none of clients=",
                           address_format(client, text));
    return FALSE;
}

/* alternative: "client", "dkim+client": all its words must have passed. */
static gboolean alternative_passes(const char *alternative, gboolean client)
{
    g_auto(GStrv) words = g_strsplit(alternative, "+", -1);
    for (char **word = words; *word != NULL; word++)
        if (strcmp(*word, "client") != 0 || !client)
            return FALSE;
    return TRUE;
}

Provenance *provenance_check(const Config *config, const Address *client)
{
    Provenance *provenance = g_new0(Provenance, 1);
    g_autoptr(GString) evidence = g_string_new(NULL);
    gboolean from_client = client_passes(config, client, evidence);

    for (char **alternative = config->require; *alternative != NULL; alternative++)
        provenance->proven |= alternative_passes(*alternative, from_client);
    provenance->methods = g_strdup(from_client ? "client" : "none");
    provenance->evidence = g_string_free(g_steal_pointer(&evidence), FALSE);
    return provenance;
}

void provenance_date(Provenance *provenance, Message *message)
{
    provenance->dated = message_date(message, &provenance->time);
}

void provenance_free(Provenance *provenance)
{
    if (provenance == NULL)
        return;
    g_free(provenance->methods);
    g_free(provenance->evidence);
    g_free(provenance);
}
