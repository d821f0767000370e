/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Asks each method that require= names, and weighs what they found.  DNS is asked last:
 * its trouble counts only when nothing else has passed. */
#include "provenance.h"

#include "auth-results.h"
#include "dkim.h"
#include "errors.h"
#include "intake.h"
#include "pgp-keys.h"
#include "pgp.h"
#include "smime.h"

#define BIT(evidence) EVIDENCE_BIT(EVIDENCE_##evidence)
#define SIGNATURES (BIT(PGP) | BIT(SMIME)) /* these stand for the signed part alone */

/* What is known of one mail. */
typedef struct {
    const Config *config;
    ReportSource source;
    const Trust *trust;
    const Address *client;
    Message *message;
    SignedPart part;
    char *no_part; /* why there is none; NULL: there is */
    guint asked;   /* set of Evidence */
    Finding findings[EVIDENCE_N];
} Examination;

static void examine_client(Examination *examination)
{
    const Networks *clients = &examination->trust->clients;
    Finding *finding = &examination->findings[EVIDENCE_CLIENT];
    char text[ADDRESS_TEXT_SIZE];

    if (examination->client == NULL) {
        finding_set(finding, FINDING_FAILED, "no connection to look at");
        return;
    }
    address_format(examination->client, text);
    for (guint i = 0; i < clients->n; i++)
        if (network_contains(&clients->items[i], examination->client)) {
            g_autofree char *network = network_format(&clients->items[i]);
            finding_set(finding, FINDING_PASSED, "%s is in %s", text, network);
            finding->dated = examination->message != NULL
                && message_date(examination->message, &finding->time);
            return;
        }
    finding_set(finding, FINDING_FAILED, "%s is in none of clients=", text);
}

static void examine_signature(Examination *examination, Evidence evidence)
{
    Finding *finding = &examination->findings[evidence];
    const SignedPart *part = &examination->part;
    const char *protocol = evidence == EVIDENCE_PGP ? "application/pgp-signature"
                                                    : "application/pkcs7-signature";

    if (examination->no_part != NULL)
        finding_set(finding, FINDING_FAILED, "%s", examination->no_part);
    else if (g_strcmp0(part->protocol, protocol) != 0)
        finding_set(finding, FINDING_FAILED, "the mail is signed otherwise");
    else if (evidence == EVIDENCE_PGP)
        pgp_examine(examination->config, examination->trust, part, finding);
    else
        smime_examine(examination->config, examination->trust, part, finding);
}

static void examine_by(Examination *examination, Evidence evidence)
{
    Finding *finding = &examination->findings[evidence];

    if (evidence == EVIDENCE_CLIENT)
        examine_client(examination);
    else if (examination->message == NULL)
        finding_set(finding, FINDING_FAILED, "the mail can't be parsed");
    else if (evidence == EVIDENCE_AUTH_RESULTS)
        auth_results_examine(examination->config, examination->trust, examination->message,
                             finding);
    else if (evidence == EVIDENCE_DKIM)
        dkim_examine(examination->config, examination->trust, examination->message, finding);
    else
        examine_signature(examination, evidence);
}

static void find_part(Examination *examination)
{
    g_autoptr(GError) why = NULL;

    if (examination->message != NULL && (examination->asked & SIGNATURES) != 0
        && !message_signed_part(examination->message, &examination->part, &why))
        examination->no_part = g_strdup(why->message);
}

static guint asked_for(const Trust *trust)
{
    guint asked = 0;

    for (const guint *set = trust->require; *set != 0; set++)
        asked |= *set;
    return asked;
}

static gboolean asks(const Examination *examination, Evidence evidence)
{
    return (examination->asked & EVIDENCE_BIT(evidence)) != 0;
}

static void examine(Examination *examination)
{
    examination->asked = asked_for(examination->trust);
    find_part(examination);
    for (Evidence evidence = 0; evidence < EVIDENCE_N; evidence++)
        if (asks(examination, evidence))
            examine_by(examination, evidence);
}

static void examination_clear(Examination *examination)
{
    signed_part_clear(&examination->part);
    g_free(examination->no_part);
    for (Evidence evidence = 0; evidence < EVIDENCE_N; evidence++)
        finding_clear(&examination->findings[evidence]);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Examination, examination_clear)

static gboolean passed(const Examination *examination, Evidence evidence)
{
    return asks(examination, evidence)
        && examination->findings[evidence].result == FINDING_PASSED;
}

/* What one alternative of require= comes to. */
static FindingResult weigh(const Examination *examination, guint set)
{
    FindingResult result = FINDING_PASSED;

    for (Evidence evidence = 0; evidence < EVIDENCE_N; evidence++) {
        FindingResult found = examination->findings[evidence].result;
        if ((set & EVIDENCE_BIT(evidence)) == 0)
            continue;
        if (found == FINDING_FAILED)
            return FINDING_FAILED;
        if (found == FINDING_TROUBLE)
            result = FINDING_TROUBLE;
    }
    return result;
}

/* In the order in which people think of them. */
static const Evidence order[]
    = { EVIDENCE_DKIM, EVIDENCE_PGP, EVIDENCE_SMIME, EVIDENCE_AUTH_RESULTS, EVIDENCE_CLIENT };

static void describe(const Examination *examination, Provenance *provenance)
{
    g_autoptr(GString) methods = g_string_new(NULL);
    g_autoptr(GString) evidence = g_string_new(NULL);

    for (guint i = 0; i < G_N_ELEMENTS(order); i++) {
        const char *name = config_evidence_name(order[i]);
        if (!asks(examination, order[i]))
            continue;
        g_string_append_printf(evidence, "%s%s: %s", evidence->len > 0 ? "; " : "", name,
                               examination->findings[order[i]].text);
        if (passed(examination, order[i]))
            g_string_append_printf(methods, "%s%s", methods->len > 0 ? "," : "", name);
    }
    provenance->methods = g_strdup(methods->len > 0 ? methods->str : "none");
    provenance->evidence = g_string_free(g_steal_pointer(&evidence), FALSE);
}

/* Which of them vouch for the header, and so for Date, ticket and title.  Whoever demands a
 * signature besides `client` does not believe the client in all it hands in.  DKIM is
 * verified here, so it counts even where require= does not content itself with it. */
static guint vouching(const Examination *examination, const guint *passing)
{
    guint set = passed(examination, EVIDENCE_DKIM) ? BIT(DKIM) : 0;

    for (; *passing != 0; passing++) {
        set |= *passing & BIT(AUTH_RESULTS);
        if ((*passing & SIGNATURES) == 0)
            set |= *passing & BIT(CLIENT);
    }
    return set;
}

/* The Date where the header is vouched for, else when it was signed. */
static void take_date(const Examination *examination, guint set, Provenance *provenance)
{
    for (guint i = 0; i < G_N_ELEMENTS(order) && !provenance->dated; i++)
        if ((set & EVIDENCE_BIT(order[i])) != 0 && passed(examination, order[i])) {
            provenance->dated = examination->findings[order[i]].dated;
            provenance->time = examination->findings[order[i]].time;
        }
}

/* A domain's signature says that somebody of that domain wrote it. */
static void name_author(const Examination *examination, Provenance *provenance)
{
    if (examination->trust->senders[0] == NULL) /* it is not said who they are */
        return;
    const char *from = message_header(examination->message, "From");
    g_autofree char *found = from != NULL ? message_first_address(from) : NULL;
    g_autofree char *address = g_ascii_strdown(found != NULL ? found : "", -1);

    if (!intake_is_sender(examination->config, examination->source, address))
        provenance->author = g_steal_pointer(&address);
}

/* passing: the alternatives that passed, at least one. */
static void conclude(const Examination *examination, const guint *passing, Provenance *provenance)
{
    guint header = vouching(examination, passing);
    gboolean whole = FALSE;

    for (const guint *set = passing; *set != 0; set++)
        whole = whole || (*set & SIGNATURES) == 0;
    provenance->proven = TRUE;
    provenance->header = header != 0;
    if (!whole)
        provenance->part = g_bytes_ref(examination->part.bytes);
    else if ((header & BIT(CLIENT)) == 0)
        name_author(examination, provenance);
    for (Evidence signature = EVIDENCE_PGP; signature <= EVIDENCE_SMIME; signature++)
        if (passed(examination, signature) && examination->findings[signature].id != NULL) {
            g_free(provenance->signature);
            provenance->signature = g_strdup(examination->findings[signature].id);
        }
    take_date(examination, header != 0 ? header : SIGNATURES, provenance);
}

Provenance *provenance_show(const Config *config, const Address *client, Message *message,
                            ProvenanceShow show, gpointer data, GError **error)
{
    ReportSource source = intake_source(config, message);
    g_auto(Examination) examination = { .config = config, .source = source,
                                        .trust = &config->trust[source], .client = client,
                                        .message = message };
    g_autoptr(Provenance) provenance = g_new0(Provenance, 1);
    g_autoptr(GArray) passing = g_array_new(TRUE, FALSE, sizeof(guint));
    gboolean trouble = FALSE;

    examine(&examination);
    for (Evidence evidence = 0; show != NULL && evidence < EVIDENCE_N; evidence++)
        if (asks(&examination, evidence))
            show(config_evidence_name(evidence), passed(&examination, evidence),
                 examination.findings[evidence].text, data);
    describe(&examination, provenance);
    provenance->source = source;
    provenance->signature = g_strdup("");
    for (const guint *set = examination.trust->require; *set != 0; set++) {
        FindingResult result = weigh(&examination, *set);
        if (result == FINDING_PASSED)
            g_array_append_val(passing, *set);
        trouble = trouble || result == FINDING_TROUBLE;
    }
    if (passing->len > 0)
        conclude(&examination, (const guint *)passing->data, provenance);
    else if (trouble) {
        error_temporary(error, "provenance: %s", provenance->evidence);
        return NULL;
    }
    return g_steal_pointer(&provenance);
}

Provenance *provenance_check(const Config *config, const Address *client, Message *message,
                             GError **error)
{
    return provenance_show(config, client, message, NULL, NULL, error);
}

static void check_keys(const Config *config, ReportSource source, guint asked, Faults *faults)
{
    const char *group = config_trust_group(source);

    if ((asked & SIGNATURES) != 0 && config->trust[source].keys[0] == NULL)
        faults_warn(faults, config->path, config_line(config, group, "keys"),
                    "[%s] keys: empty, so that pgp and smime never pass; expected the "
                    "fingerprints of %s's keys", group, source_name(source));
    else {
        if ((asked & BIT(PGP)) != 0)
            pgp_check_config(config, source, faults);
        if ((asked & BIT(SMIME)) != 0)
            smime_check_config(config, faults);
    }
}

static void check_dkim(const Config *config, ReportSource source, Faults *faults)
{
    const char *group = config_trust_group(source);

    if (!dkim_available())
        faults_warn(faults, config->path, config_line(config, group, "require"),
                    "[%s] require: dkim never passes, for this program was built without "
                    "libopendkim; expected another kind of evidence", group);
    else if (config->trust[source].dkim_domains[0] == NULL)
        faults_warn(faults, config->path, config_line(config, group, "dkim-domains"),
                    "[%s] dkim-domains: empty, so that dkim never passes; expected "
                    "%s's domains", group, source_name(source));
}

static void check_source(const Config *config, ReportSource source, Faults *faults)
{
    guint asked = asked_for(&config->trust[source]);

    check_keys(config, source, asked, faults);
    if ((asked & BIT(AUTH_RESULTS)) != 0 && *config->authserv_id == '\0')
        faults_warn(faults, config->path, config_line(config, "provenance", "authserv-id"),
                    "[provenance] authserv-id: empty, so that auth-results never passes; "
                    "expected the name that our own verifying filter writes");
    if ((asked & BIT(DKIM)) != 0)
        check_dkim(config, source, faults);
}

void provenance_check_config(const Config *config, Faults *faults)
{
    for (ReportSource source = 0; source < SOURCE_N; source++)
        if (config_has_source(config, source))
            check_source(config, source, faults);
}

Provenance *provenance_none(ReportSource source, const char *why)
{
    Provenance *provenance = g_new0(Provenance, 1);

    provenance->source = source;
    provenance->methods = g_strdup("none");
    provenance->evidence = g_strdup(why);
    provenance->signature = g_strdup("");
    return provenance;
}

void provenance_free(Provenance *provenance)
{
    if (provenance == NULL)
        return;
    g_free(provenance->methods);
    g_free(provenance->evidence);
    g_free(provenance->signature);
    g_free(provenance->author);
    g_clear_pointer(&provenance->part, g_bytes_unref);
    g_free(provenance);
}
