/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* certbundctl release (of a report), accept and process: a person vouches for a report, and
 * it is run by the daemon's own code with today's customers and templates.  accept and
 * process only put it among what is held, so that what would go is seen before it goes. */
#include "ctl-ledger.h"
#include "decision.h"
#include "errors.h"
#include "record.h"

#include <stdio.h>
#include <sysexits.h>

/* All that a report is run with. */
typedef struct {
    CtlLedger *ledger;
    Snapshot *snapshot;
    Secret *secret;
    const char *person, *reason;
} Runner;

static void runner_clear(Runner *runner)
{
    g_clear_pointer(&runner->snapshot, snapshot_unref);
    g_clear_pointer(&runner->secret, secret_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Runner, runner_clear)

/* The daemon's secret, for references and Message-IDs are made with it. */
static int load(const CtlCall *call, Runner *runner)
{
    g_autofree char *directory = config_state_directory(runner->ledger->config);
    g_autoptr(GError) error = NULL;

    runner->snapshot = ctl_load(call);
    if (runner->snapshot == NULL)
        return EX_CONFIG;
    runner->secret = secret_load(directory, FALSE, &error);
    if (runner->secret != NULL)
        return EX_OK;
    ctl_complain("%s", error->message);
    return EX_CONFIG;
}

/* What a person must know before he says yes.  Of a report that the ledger has (its id) the
 * provenance was told when it came, and is not found out from a file. */
static void print_obstacles(const Decision *decision, const char *id)
{
    for (guint i = 0; i < decision->obstacles->len; i++) {
        const char *text = g_ptr_array_index(decision->obstacles, i);
        if (id == NULL || !g_str_has_prefix(text, status_name(STATUS_UNVERIFIED)))
            ctl_complain("but for you: %s", text);
    }
}

/* NULL after complaining; *status_r is the exit status then. */
static Decision *decide_vouched(const Runner *runner, const char *what, GBytes *mail,
                                Vouched vouched, int *status_r)
{
    g_autoptr(GError) error = NULL;
    Decision *decision = decide(runner->snapshot, mail, NULL, g_get_real_time() / G_USEC_PER_SEC,
                                vouched, &error);

    if (decision == NULL)
        *status_r = ctl_failed(error);
    else if (decision->report == NULL) {
        ctl_complain("%s: %s", what, decision->reason);
        *status_r = CTL_WANTING;
        g_clear_pointer(&decision, decision_free);
    } else if (!decision->provenance->proven) { /* what the desk's mail says of it */
        g_free(decision->provenance->evidence);
        decision->provenance->evidence = g_strdup_printf("vouched for by %s", runner->person);
    }
    return decision;
}

static gboolean record(const Runner *runner, Decision *decision, GBytes *mail,
                       const char *released, Recorded *recorded_r, int *status_r)
{
    g_autoptr(GError) error = NULL;
    const RecordInput input = {
        .ledger = runner->ledger->ledger, .secret = runner->secret, .bytes = mail,
        .subject = decision->report->subject, .queue_id = "", .client = "", .released = released,
        .person = runner->person, .why = runner->reason,
    };

    if (!record_decision(&input, decision, g_get_real_time(), recorded_r, &error)) {
        *status_r = ctl_failed(error);
        return FALSE;
    }
    for (guint i = 0; i < recorded_r->drift->len; i++)
        ctl_complain("%s", (const char *)g_ptr_array_index(recorded_r->drift, i));
    return TRUE;
}

/* The genuine one came by itself: then there is nothing to accept. */
static int drop_known(const Runner *runner, const char *id)
{
    g_autoptr(GError) error = NULL;

    if (!ledger_change_report(runner->ledger->ledger, id, REPORT_DROPPED, runner->person,
                              "the same report is known", g_get_real_time(), &error))
        return ctl_failed(error);
    ctl_complain("report %s: the same is known from a proven mail; this one is dropped", id);
    return CTL_WANTING;
}

/* ---- release */

static int print_released(const Decision *decision, const char *id, const Recorded *recorded)
{
    const guint *counts = decision->assignment->counts;

    printf("%s: released (%s): %u notice%s", id, status_name(decision->status),
           recorded->n_notices, recorded->n_notices == 1 ? "" : "s");
    for (Fate fate = 0; fate < FATE_N; fate++)
        if (counts[fate] > 0)
            printf(", %u %s", counts[fate], fate_name(fate));
    if (decision->mode == MODE_PILOT)
        puts("; a pilot: nothing leaves");
    else
        puts("; a running certbund-milter hands them over within seconds");
    for (guint i = 0; i < recorded->problems->len; i++)
        ctl_complain("%s", (const char *)g_ptr_array_index(recorded->problems, i));
    return EX_OK;
}

static int release(const Runner *runner, const char *id, GBytes *mail, gboolean part)
{
    int status = EX_OK;
    Recorded recorded;
    g_autoptr(Decision) decision
        = decide_vouched(runner, id, mail, part ? VOUCHED_PART : VOUCHED_WHOLE, &status);

    if (decision == NULL)
        return status;
    print_obstacles(decision, id);
    if (decision->assignment == NULL || decision->status > STATUS_ATTENTION) {
        ctl_complain("report %s stays held: %s", id, decision->reason);
        return CTL_WANTING;
    }
    if (record(runner, decision, mail, id, &recorded, &status))
        status = recorded.outcome == LEDGER_DUPLICATE ? drop_known(runner, id)
                                                      : print_released(decision, id, &recorded);
    recorded_clear(&recorded);
    return status;
}

int ctl_release_report(const CtlCall *call, CtlLedger *ledger, const char *id, const char *person,
                       const char *reason)
{
    g_auto(Runner) runner = { .ledger = ledger, .person = person, .reason = reason };
    g_autoptr(GError) error = NULL;
    g_autofree char *found = NULL;
    gboolean part = FALSE;
    int status = load(call, &runner);

    if (status != EX_OK)
        return status;
    g_autoptr(GBytes) mail
        = ledger_report_bytes(ledger->ledger, id, &found, NULL, &part, &error);
    return mail == NULL ? ctl_failed(error) : release(&runner, id, mail, part);
}

/* ---- accept and process: what a person vouches for is held until he releases it */

static gboolean hold(const Runner *runner, Decision *decision, int *status_r)
{
    g_autoptr(GError) error = NULL;

    print_obstacles(decision, NULL);
    if (decision->assignment == NULL) /* nothing in it was read: a person must */
        return TRUE;
    if (decision_hold(decision, &error, "vouched for by %s: %s", runner->person, runner->reason))
        return TRUE;
    *status_r = ctl_failed(error);
    return FALSE;
}

static int print_held(const Decision *decision, const char *what)
{
    if (decision->assignment == NULL) {
        ctl_complain("%s: kept, but its rows can't be read (%s): tell the customers by hand, then "
                     "drop it", what, decision->reason);
        return CTL_WANTING;
    }
    printf("%s: held, %u row%s; see certbundctl show '%s', then release or drop it\n", what,
           decision->report->n_events, decision->report->n_events == 1 ? "" : "s",
           decision->report->subject->ticket);
    return EX_OK;
}

static int accept(const Runner *runner, const char *id, GBytes *mail)
{
    g_autoptr(GError) error = NULL;
    int status = EX_OK;
    Recorded recorded;
    g_autoptr(Decision) decision = decide_vouched(runner, id, mail, VOUCHED_WHOLE, &status);

    if (decision == NULL || !hold(runner, decision, &status))
        return status;
    if (!ledger_change_report(runner->ledger->ledger, id, REPORT_HELD, runner->person,
                              runner->reason, g_get_real_time(), &error))
        return ctl_failed(error);
    if (decision->assignment == NULL)
        return print_held(decision, id);
    if (record(runner, decision, mail, id, &recorded, &status))
        status = recorded.outcome == LEDGER_DUPLICATE ? drop_known(runner, id)
                                                      : print_held(decision, id);
    recorded_clear(&recorded);
    return status;
}

static int accept_ticket(const Runner *runner, const char *ticket)
{
    g_autoptr(GError) error = NULL;
    g_auto(CtlThing) thing = { .is_report = FALSE };
    g_autofree char *found = NULL;
    ReportState state;

    if (!ctl_find(runner->ledger->ledger, ticket, report_state_name(REPORT_UNVERIFIED), &thing,
                  &error))
        return ctl_failed(error);
    if (!thing.is_report || g_strcmp0(thing.state, report_state_name(REPORT_UNVERIFIED)) != 0) {
        ctl_complain("%s %s is %s: only an unverified report can be accepted",
                     thing.is_report ? "report" : "notice", thing.id, thing.state);
        return CTL_WANTING;
    }
    g_autoptr(GBytes) mail
        = ledger_report_bytes(runner->ledger->ledger, thing.id, &found, &state, NULL, &error);
    return mail == NULL ? ctl_failed(error) : accept(runner, thing.id, mail);
}

static int process(const Runner *runner, const char *file, GBytes *mail)
{
    int status = EX_OK;
    Recorded recorded;
    g_autoptr(Decision) decision = decide_vouched(runner, file, mail, VOUCHED_WHOLE, &status);

    if (decision == NULL || !hold(runner, decision, &status))
        return status;
    if (record(runner, decision, mail, NULL, &recorded, &status)) {
        if (recorded.outcome != LEDGER_DUPLICATE)
            status = print_held(decision, file);
        else {
            ctl_complain("%s: the same report is known, see certbundctl show '%s'", file,
                         decision->report->subject->ticket);
            status = CTL_WANTING;
        }
    }
    recorded_clear(&recorded);
    return status;
}

/* Both take one thing, and the person's reason is not optional: it is what he vouches with. */
static int vouch(const CtlCall *call, gboolean is_file)
{
    g_autofree char *by = NULL, *reason = NULL;
    g_autoptr(CtlLedger) ledger = NULL;
    g_autoptr(GBytes) mail = NULL;
    const GOptionEntry entries[] = {
        { "by", 0, 0, G_OPTION_ARG_FILENAME, &by, NULL, NULL },
        { "reason", 0, 0, G_OPTION_ARG_FILENAME, &reason, NULL, NULL },
        G_OPTION_ENTRY_NULL,
    };
    g_auto(GStrv) words = ctl_parse(call, entries, 1, 1);

    if (words == NULL || !ctl_fit(call, "--by", by) || !ctl_fit(call, "--reason", reason))
        return EX_USAGE;
    if (reason == NULL)
        return ctl_misused(call, "why do you vouch for it? --reason is needed");
    if (is_file && (mail = ctl_read_file(words[0])) == NULL)
        return EX_NOINPUT;
    g_autofree char *person = ctl_person(by);
    int status = ctl_ledger_open(call, &ledger);
    if (status != EX_OK)
        return status;
    g_auto(Runner) runner = { .ledger = ledger, .person = person, .reason = reason };
    status = load(call, &runner);
    if (status != EX_OK)
        return status;
    return is_file ? process(&runner, words[0], mail) : accept_ticket(&runner, words[0]);
}

int ctl_accept(const CtlCall *call)
{
    return vouch(call, FALSE);
}

int ctl_process(const CtlCall *call)
{
    return vouch(call, TRUE);
}
