/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* certbundctl proof: the evidence of one notice, as a directory to hand on.
 *
 * All that the ledger has is read first; the files are written when the ledger is closed
 * again, as the caller and not as the ledger's owner.  An existing bundle is never
 * written over: it may have been handed on already. */
#include "ctl-ledger.h"
#include "ctl-rows.h"
#include "errors.h"
#include "timestamp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

typedef struct {
    char *reference;
    char *recorded;    /* SHA-256 that the ledger noted before the hand-over, or NULL */
    char *handed_over; /* RFC 3339, or NULL */
    char *actual;      /* of the bytes as they are kept, or NULL */
    GBytes *mail;      /* or NULL */
    char *report;      /* its id, or NULL: a mail of our own */
    char *json;
} Proof;

static void clear_proof(Proof *proof)
{
    g_free(proof->reference);
    g_free(proof->recorded);
    g_free(proof->handed_over);
    g_free(proof->report);
    g_free(proof->actual);
    g_free(proof->json);
    g_clear_pointer(&proof->mail, g_bytes_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Proof, clear_proof)

/* ---- out of the ledger */

typedef struct {
    JsonBuilder *builder;
    Proof *proof; /* or NULL: these rows say nothing of the notice itself */
} Gatherer;

static void note_value(Proof *proof, const char *column, const char *value)
{
    char **place = strcmp(column, "sha256") == 0        ? &proof->recorded
                   : strcmp(column, "handed_over") == 0 ? &proof->handed_over
                   : strcmp(column, "report") == 0      ? &proof->report
                                                        : NULL;
    if (place != NULL) {
        g_free(*place);
        *place = g_strdup(value);
    }
}

static gboolean gather_row(guint n_columns, const char *const *columns, const char *const *values,
                           gpointer data)
{
    const Gatherer *gatherer = data;

    for (guint i = 0; gatherer->proof != NULL && i < n_columns; i++)
        note_value(gatherer->proof, columns[i], values[i]);
    json_builder_begin_object(gatherer->builder);
    ctl_add_members(gatherer->builder, n_columns, columns, values);
    json_builder_end_object(gatherer->builder);
    return TRUE;
}

/* An array of the question's rows. */
static gboolean gather(Ledger *ledger, JsonBuilder *builder, const char *name,
                       LedgerQuestion question, const char *filter, Proof *proof, GError **error)
{
    Gatherer gatherer = { builder, proof };

    json_builder_set_member_name(builder, name);
    json_builder_begin_array(builder);
    gboolean ok = ledger_ask(ledger, question, filter, gather_row, &gatherer, error);
    json_builder_end_array(builder);
    return ok;
}

static void add_head(JsonBuilder *builder, const Proof *proof)
{
    char now[TIMESTAMP_TEXT_SIZE];

    ctl_add_member(builder, "made", timestamp_format(g_get_real_time() / G_USEC_PER_SEC, now));
    ctl_add_member(builder, "made_by", "certbundctl " VERSION);
    ctl_add_member(builder, "host", g_get_host_name());
    ctl_add_member(builder, "reference", proof->reference);
    ctl_add_member(builder, "mail", proof->mail != NULL ? "notice.eml" : NULL);
    ctl_add_member(builder, "mail_sha256", proof->actual);
}

static char *to_text(JsonBuilder *builder)
{
    g_autoptr(JsonGenerator) generator = json_generator_new();
    g_autoptr(JsonNode) root = json_builder_get_root(builder);

    json_generator_set_root(generator, root);
    json_generator_set_pretty(generator, TRUE);
    g_autofree char *text = json_generator_to_data(generator, NULL);
    return g_strconcat(text, "\n", NULL);
}

static gboolean make_json(Ledger *ledger, Proof *proof, GError **error)
{
    g_autoptr(JsonBuilder) builder = json_builder_new_immutable();
    const char *reference = proof->reference;

    json_builder_begin_object(builder);
    add_head(builder, proof);
    gboolean ok = gather(ledger, builder, "notice", LEDGER_NOTICES_OF, reference, proof, error);
    if (ok && proof->report != NULL)
        ok = gather(ledger, builder, "report", LEDGER_REPORTS, proof->report, NULL, error);
    ok = ok && gather(ledger, builder, "events", LEDGER_SHOW, reference, NULL, error) &&
         gather(ledger, builder, "changes", LEDGER_CHANGES, reference, NULL, error);
    json_builder_end_object(builder);
    if (ok)
        proof->json = to_text(builder);
    return ok;
}

static gboolean read_proof(Ledger *ledger, const char *id, Proof *proof, GError **error)
{
    g_autoptr(GError) gone = NULL;
    g_auto(CtlThing) thing = { .is_report = FALSE };

    if (!ctl_find(ledger, id, NULL, &thing, error))
        return FALSE;
    if (thing.is_report) {
        error_input(error,
                    "%s is a report: evidence is made of notices (certbundctl show %s names "
                    "them)",
                    id, id);
        return FALSE;
    }
    proof->reference = g_steal_pointer(&thing.id);
    proof->mail = ledger_notice_bytes(ledger, proof->reference, &gone);
    if (proof->mail == NULL && !g_error_matches(gone, CERTBUND_ERROR, CERTBUND_ERROR_INPUT)) {
        g_propagate_error(error, g_steal_pointer(&gone));
        return FALSE;
    }
    if (proof->mail != NULL)
        proof->actual = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, proof->mail);
    return make_json(ledger, proof, error);
}

/* ---- the bundle */

static const char readme_head[] =
    "Evidence of notice %s, written by certbundctl " VERSION "\n"
    "\n"
    "proof.json  what the ledger recorded: the notice with its customer, recipients, times,\n"
    "            the MTA's reply and queue id, and the digests of the template and of the\n"
    "            settings that it was made with; the report it comes from; the events it\n"
    "            tells; and who changed what and when.  All times are UTC.\n"
    "notice.eml  %s\n"
    "SHA256SUMS  the digests of these files\n"
    "\n"
    "How to verify\n"
    "\n"
    " 1. Nothing was changed since this was written; each line must end in OK:\n"
    "\n"
    "        sha256sum -c SHA256SUMS\n"
    "\n";

static const char readme_mail[] =
    " 2. The mail is the one that was handed over:\n"
    "\n"
    "        sha256sum notice.eml\n"
    "\n"
    "    must print what the ledger noted before it handed the mail over (\"sha256\" of\n"
    "    \"notice\" in proof.json):\n"
    "\n"
    "        %s\n";

static const char readme_no_mail[] =
    " 2. Whoever has the mail as it was handed over can compare it with what the ledger noted\n"
    "    then (\"sha256\" of \"notice\" in proof.json).  The customer's copy has further\n"
    "    header fields in front: cut those off first.\n"
    "\n"
    "        %s\n";

static const char readme_tail[] =
    "\n"
    " 3. The MTA took it: %s.\n"
    "    Its log has more under the queue id (\"queue_id\"): which server took the mail from\n"
    "    it, and when.\n"
    "\n"
    "What this shows is that the MTA took the mail, not that somebody has read it.  A later\n"
    "bounce stands in proof.json (\"bounce\").\n";

static char *make_readme(const Proof *proof)
{
    const char *none = "none: the notice was never handed over";
    g_autoptr(GString) text = g_string_new(NULL);

    g_string_append_printf(text, readme_head, proof->reference,
                           proof->mail != NULL
                               ? "the mail, byte for byte as it was made for the MTA"
                               : "is not here: the mail is kept no longer (keep-content)");
    const char *digest = proof->recorded != NULL ? proof->recorded : none;
    if (proof->mail != NULL)
        g_string_append_printf(text, readme_mail, digest);
    else
        g_string_append_printf(text, readme_no_mail, digest);
    g_string_append_printf(text, readme_tail,
                           proof->handed_over != NULL ? proof->handed_over : "it did not");
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static gboolean write_file(const char *directory, const char *name, const char *data, gsize size,
                           GString *sums)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autofree char *sum =
        g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)data, size);
    g_autoptr(GError) error = NULL;

    if (!g_file_set_contents_full(path, data, (gssize)size, G_FILE_SET_CONTENTS_CONSISTENT, 0640,
                                  &error)) {
        ctl_complain("%s", error->message);
        return FALSE;
    }
    g_string_append_printf(sums, "%s  %s\n", sum, name);
    return TRUE;
}

static gboolean write_files(const char *directory, const Proof *proof)
{
    g_autoptr(GString) sums = g_string_new(NULL), nothing = g_string_new(NULL);
    g_autofree char *readme = make_readme(proof);

    if (proof->mail != NULL) {
        gsize size;
        const char *data = g_bytes_get_data(proof->mail, &size);
        if (!write_file(directory, "notice.eml", data, size, sums))
            return FALSE;
    }
    return write_file(directory, "proof.json", proof->json, strlen(proof->json), sums) &&
           write_file(directory, "README", readme, strlen(readme), sums) &&
           write_file(directory, "SHA256SUMS", sums->str, sums->len, nothing);
}

static int write_bundle(const Proof *proof, const char *parent)
{
    g_autofree char *name = g_strconcat("proof-", proof->reference, NULL);
    g_strcanon(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-", '_');
    g_autofree char *directory = g_build_filename(parent, name, NULL);

    if (g_mkdir_with_parents(parent, 0750) != 0) {
        ctl_complain("%s: can't make this directory: %s", parent, g_strerror(errno));
        return EX_CANTCREAT;
    }
    if (mkdir(directory, 0750) != 0) {
        ctl_complain("%s: can't make this directory: %s%s", directory, g_strerror(errno),
                     errno == EEXIST ? " (an earlier bundle is never written over)" : "");
        return EX_CANTCREAT;
    }
    if (!write_files(directory, proof))
        return EX_CANTCREAT;
    printf("%s\n", directory);
    return EX_OK;
}

/* The bundle is there; is it evidence? */
static int judge(const Proof *proof)
{
    if (proof->handed_over == NULL) {
        ctl_complain("notice %s was never handed to the MTA: this is no evidence that anybody was "
                     "told",
                     proof->reference);
        return CTL_WANTING;
    }
    if (proof->actual != NULL && g_strcmp0(proof->actual, proof->recorded) != 0) {
        ctl_complain("notice %s: the mail in the ledger is not the one that was handed over: its "
                     "SHA-256 is %s, noted was %s",
                     proof->reference, proof->actual, proof->recorded);
        return CTL_WANTING;
    }
    if (proof->mail == NULL)
        ctl_complain("notice %s: the mail itself is kept no longer (keep-content); its digest and "
                     "the rest of the evidence are there",
                     proof->reference);
    return EX_OK;
}

int ctl_proof(const CtlCall *call)
{
    g_autofree char *directory = NULL;
    const GOptionEntry entries[] = {
        { "directory", 'd', 0, G_OPTION_ARG_FILENAME, &directory, NULL, NULL },
        G_OPTION_ENTRY_NULL,
    };
    g_auto(GStrv) words = ctl_parse(call, entries, 1, 1);
    g_autoptr(GError) error = NULL;
    g_auto(Proof) proof = { .reference = NULL };
    CtlLedger *ledger = NULL;

    if (words == NULL)
        return EX_USAGE;
    int status = ctl_ledger_open(call, &ledger);
    if (status != EX_OK)
        return status;
    gboolean ok = read_proof(ledger->ledger, words[0], &proof, &error);
    ctl_ledger_close(ledger); /* from here on as the caller */
    if (!ok)
        return ctl_failed(error);
    status = write_bundle(&proof, directory != NULL ? directory : ".");
    return status == EX_OK ? judge(&proof) : status;
}
