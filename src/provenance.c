/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Asks each method that require= names, and weighs what they found.  DNS is asked last:
 * its trouble counts only when nothing else has passed. */
#include "provenance.h"

#include "auth-results.h"
#include "dkim.h"
#include "errors.h"
#include "pgp-keys.h"
#include "pgp.h"
#include "smime.h"

#include <string.h>

typedef enum { CLIENT, AUTH_RESULTS, PGP, SMIME, DKIM, METHOD_N } Method;

static const char *const method_names[METHOD_N] = {
    [CLIENT] = "client", [AUTH_RESULTS] = "auth-results", [PGP] = "pgp", [SMIME] = "smime",
    [DKIM] = "dkim",
};

/* What is known of one mail. */
typedef struct {
    const Config *config;
    const Address *client;
    Message *message;
    SignedPart part;
    char *no_part; /* why there is none; NULL: there is */
    gboolean asked[METHOD_N];
    Finding findings[METHOD_N];
} Examination;

static Method method_of(const char *word)
{
    Method method = 0;
    while (method < METHOD_N && strcmp(method_names[method], word) != 0)
        method++;
    return method;
}

static void examine_client(Examination *examination)
{
    const Config *config = examination->config;
    Finding *finding = &examination->findings[CLIENT];
    char text[ADDRESS_TEXT_SIZE];

    if (examination->client == NULL) {
        finding_set(finding, FINDING_FAILED, "no connection to look at");
        return;
    }
    address_format(examination->client, text);
    for (guint i = 0; i < config->n_clients; i++)
        if (network_contains(&config->clients[i], examination->client)) {
            g_autofree char *network = network_format(&config->clients[i]);
            finding_set(finding, FINDING_PASSED, "%s is in %s", text, network);
            finding->dated = examination->message != NULL
                && message_date(examination->message, &finding->time);
            return;
        }
    finding_set(finding, FINDING_FAILED, "%s is in none of clients=", text);
}

static void examine_signature(Examination *examination, Method method)
{
    Finding *finding = &examination->findings[method];
    const SignedPart *part = &examination->part;
    static const char *const protocols[METHOD_N]
        = { [PGP] = "application/pgp-signature", [SMIME] = "application/pkcs7-signature" };

    if (examination->no_part != NULL)
        finding_set(finding, FINDING_FAILED, "%s", examination->no_part);
    else if (strcmp(part->protocol, protocols[method]) != 0)
        finding_set(finding, FINDING_FAILED, "the mail is signed otherwise");
    else if (method == PGP)
        pgp_examine(examination->config, part, finding);
    else
        smime_examine(examination->config, part, finding);
}

static void examine_method(Examination *examination, Method method)
{
    Finding *finding = &examination->findings[method];

    if (method == CLIENT)
        examine_client(examination);
    else if (examination->message == NULL)
        finding_set(finding, FINDING_FAILED, "the mail can't be parsed");
    else if (method == AUTH_RESULTS)
        auth_results_examine(examination->config, examination->message, finding);
    else if (method == DKIM)
        dkim_examine(examination->config, examination->message, finding);
    else
        examine_signature(examination, method);
}

static void find_part(Examination *examination)
{
    g_autoptr(GError) why = NULL;

    if (examination->message != NULL && (examination->asked[PGP] || examination->asked[SMIME])
        && !message_signed_part(examination->message, &examination->part, &why))
        examination->no_part = g_strdup(why->message);
}

static void ask_for(Examination *examination)
{
    for (char **entry = examination->config->require; *entry != NULL; entry++) {
        g_auto(GStrv) words = g_strsplit(*entry, "+", -1);
        for (char **word = words; *word != NULL; word++)
            if (method_of(*word) < METHOD_N)
                examination->asked[method_of(*word)] = TRUE;
    }
}

static void examine(Examination *examination)
{
    ask_for(examination);
    find_part(examination);
    for (Method method = 0; method < METHOD_N; method++)
        if (examination->asked[method])
            examine_method(examination, method);
}

static void examination_clear(Examination *examination)
{
    signed_part_clear(&examination->part);
    g_free(examination->no_part);
    for (Method method = 0; method < METHOD_N; method++)
        finding_clear(&examination->findings[method]);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Examination, examination_clear)

static gboolean passed(const Examination *examination, Method method)
{
    return examination->asked[method] && examination->findings[method].result == FINDING_PASSED;
}

/* What one alternative of require= comes to; *whole_r: without a signature of a part. */
static FindingResult weigh(const Examination *examination, const char *alternative,
                           gboolean *whole_r)
{
    g_auto(GStrv) words = g_strsplit(alternative, "+", -1);
    FindingResult result = FINDING_PASSED;

    *whole_r = TRUE;
    for (char **word = words; *word != NULL; word++) {
        Method method = method_of(*word);
        FindingResult found = method < METHOD_N ? examination->findings[method].result
                                                : FINDING_FAILED;
        if (found == FINDING_FAILED)
            return FINDING_FAILED;
        if (found == FINDING_TROUBLE)
            result = FINDING_TROUBLE;
        *whole_r = *whole_r && method != PGP && method != SMIME;
    }
    return result;
}

static void describe(const Examination *examination, Provenance *provenance)
{
    /* In the order in which people think of them. */
    static const Method order[] = { DKIM, PGP, SMIME, AUTH_RESULTS, CLIENT };
    g_autoptr(GString) methods = g_string_new(NULL);
    g_autoptr(GString) evidence = g_string_new(NULL);

    for (guint i = 0; i < G_N_ELEMENTS(order); i++) {
        const char *name = method_names[order[i]];
        if (!examination->asked[order[i]])
            continue;
        g_string_append_printf(evidence, "%s%s: %s", evidence->len > 0 ? "; " : "", name,
                               examination->findings[order[i]].text);
        if (passed(examination, order[i]))
            g_string_append_printf(methods, "%s%s", methods->len > 0 ? "," : "", name);
    }
    provenance->methods = g_strdup(methods->len > 0 ? methods->str : "none");
    provenance->evidence = g_string_free(g_steal_pointer(&evidence), FALSE);
}

/* The Date where the header is vouched for, else when it was signed. */
static void take_date(const Examination *examination, Provenance *provenance)
{
    static const Method header[] = { DKIM, CLIENT, AUTH_RESULTS }, signature[] = { PGP, SMIME };
    const Method *order = provenance->header ? header : signature;
    guint n = provenance->header ? G_N_ELEMENTS(header) : G_N_ELEMENTS(signature);

    for (guint i = 0; i < n && !provenance->dated; i++)
        if (passed(examination, order[i])) {
            provenance->dated = examination->findings[order[i]].dated;
            provenance->time = examination->findings[order[i]].time;
        }
}

static void conclude(const Examination *examination, gboolean whole, Provenance *provenance)
{
    const Finding *signature = passed(examination, PGP)     ? &examination->findings[PGP]
                               : passed(examination, SMIME) ? &examination->findings[SMIME]
                                                            : NULL;

    provenance->proven = TRUE;
    provenance->header = passed(examination, DKIM) || passed(examination, CLIENT)
        || passed(examination, AUTH_RESULTS);
    if (!whole)
        provenance->part = g_bytes_ref(examination->part.bytes);
    if (signature != NULL && signature->id != NULL) {
        g_free(provenance->signature);
        provenance->signature = g_strdup(signature->id);
    }
    take_date(examination, provenance);
}

Provenance *provenance_check(const Config *config, const Address *client, Message *message,
                             GError **error)
{
    g_auto(Examination) examination = { .config = config, .client = client, .message = message };
    g_autoptr(Provenance) provenance = g_new0(Provenance, 1);
    gboolean proven = FALSE, trouble = FALSE, any_whole = FALSE, whole;

    examine(&examination);
    describe(&examination, provenance);
    provenance->signature = g_strdup("");
    for (char **alternative = config->require; *alternative != NULL; alternative++) {
        FindingResult result = weigh(&examination, *alternative, &whole);
        proven = proven || result == FINDING_PASSED;
        trouble = trouble || result == FINDING_TROUBLE;
        any_whole = any_whole || (result == FINDING_PASSED && whole);
    }
    if (proven)
        conclude(&examination, any_whole, provenance);
    else if (trouble) {
        error_temporary(error, "provenance: %s", provenance->evidence);
        return NULL;
    }
    return g_steal_pointer(&provenance);
}

void provenance_check_config(const Config *config, Faults *faults)
{
    Examination examination = { .config = config };

    ask_for(&examination);
    if ((examination.asked[PGP] || examination.asked[SMIME]) && config->keys[0] == NULL)
        faults_warn(faults, config->path, config_line(config, "provenance", "keys"),
                    "[provenance] keys: empty, so that pgp and smime never pass; expected the "
                    "fingerprints of CERT-Bund's keys");
    else if (examination.asked[PGP])
        pgp_check_config(config, faults);
    if (examination.asked[AUTH_RESULTS] && *config->authserv_id == '\0')
        faults_warn(faults, config->path, config_line(config, "provenance", "authserv-id"),
                    "[provenance] authserv-id: empty, so that auth-results never passes; "
                    "expected the name that our own verifying filter writes");
    if (examination.asked[DKIM] && !dkim_available())
        faults_warn(faults, config->path, config_line(config, "provenance", "require"),
                    "[provenance] require: dkim never passes, for this program was built without "
                    "libopendkim; expected another kind of evidence");
    else if (examination.asked[DKIM] && config->dkim_domains[0] == NULL)
        faults_warn(faults, config->path, config_line(config, "provenance", "dkim-domains"),
                    "[provenance] dkim-domains: empty, so that dkim never passes; expected "
                    "CERT-Bund's domains");
}

Provenance *provenance_none(const char *why)
{
    Provenance *provenance = g_new0(Provenance, 1);

    provenance->methods = g_strdup("none");
    provenance->evidence = g_strdup(why);
    provenance->signature = g_strdup("");
    return provenance;
}

void provenance_each(const Config *config, const Address *client, Message *message,
                     ProvenanceShow show, gpointer data)
{
    g_auto(Examination) examination = { .config = config, .client = client, .message = message };

    examine(&examination);
    for (Method method = 0; method < METHOD_N; method++)
        if (examination.asked[method])
            show(method_names[method], passed(&examination, method),
                 examination.findings[method].text, data);
}

void provenance_free(Provenance *provenance)
{
    if (provenance == NULL)
        return;
    g_free(provenance->methods);
    g_free(provenance->evidence);
    g_free(provenance->signature);
    g_clear_pointer(&provenance->part, g_bytes_unref);
    g_free(provenance);
}
