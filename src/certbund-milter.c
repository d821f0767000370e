/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* certbund-milter: main().  Options, config, socket, signals, start and stop. */
#include "daemon.h"
#include "errors.h"
#include "log.h"
#include "message.h"
#include "milter.h"
#include "upkeep.h"

#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif
#define DEFAULT_CONFIG SYSCONFDIR "/certbund-milter/certbund-milter.conf"

#define STOP_POKE_USECS (50 * 1000)

static char *config_path;
static gboolean foreground, show_version;
static const Config *serving; /* the config whose socket is ours; a reload can't change it */

/* For good, as sessions and the signal thread outlive main()'s end. */
static struct {
    Secret *secret;
    Ledger *ledger;
    Outbox *outbox;
    Upkeep *upkeep;
} service;

static const GOptionEntry options[] = {
    { "config", 'c', 0, G_OPTION_ARG_FILENAME, &config_path,
      "The config file (default " DEFAULT_CONFIG ")", "FILE" },
    { "foreground", 'f', 0, G_OPTION_ARG_NONE, &foreground,
      "Stay in the foreground and log to stderr", NULL },
    { "version", 'V', 0, G_OPTION_ARG_NONE, &show_version, "Print the version", NULL },
    G_OPTION_ENTRY_NULL,
};

static void log_faults(const Faults *faults)
{
    for (guint i = 0; i < faults_count(faults); i++)
        (faults_is_warning(faults, i) ? log_warning : log_error)("%s", faults_text(faults, i));
}

static Submitter *make_submitter(const Config *config)
{
    g_autofree char *netrc = config_netrc(config);
    return submitter_new(config->via, netrc);
}

/* Load what the config names; NULL after telling every fault. */
static Snapshot *load(const Snapshot *previous)
{
    g_autoptr(Faults) faults = faults_new();
    Snapshot *snapshot = snapshot_load(config_path, TRUE, previous, faults);

    log_faults(faults);
    return snapshot;
}

static void tell_restart(const Config *old, const Config *new_)
{
    if (g_strcmp0(old->socket, new_->socket) != 0 || g_strcmp0(old->user, new_->user) != 0
        || g_strcmp0(old->group, new_->group) != 0 || old->socket_mode != new_->socket_mode
        || g_strcmp0(old->ledger_path, new_->ledger_path) != 0)
        log_warning("socket, mode, group, user and the ledger's path change with a restart only");
}

static void reload(void)
{
    g_autoptr(Snapshot) old = milter_snapshot();
    g_autoptr(Snapshot) snapshot = load(old);

    if (snapshot == NULL) {
        log_error("reload refused: the config, customers and templates in use stay");
        return;
    }
    g_autoptr(Submitter) submitter = make_submitter(snapshot->config);
    tell_restart(old->config, snapshot->config);
    milter_use(snapshot);
    outbox_use(service.outbox, snapshot, submitter);
    upkeep_use(service.upkeep, snapshot->config);
    log_info("reloaded: %u networks, %u templates", customers_n_networks(snapshot->customers),
             templates_n_templates(snapshot->templates));
}

static void fill_signals(sigset_t *signals_r)
{
    static const int ours[] = { SIGUSR1, SIGTERM, SIGHUP, SIGINT };
    sigemptyset(signals_r);
    for (guint i = 0; i < G_N_ELEMENTS(ours); i++)
        sigaddset(signals_r, ours[i]);
}

/* Before any thread is there to inherit the mask; so a start is never left half
 * done, and a signal waits until there is a thread for it. */
static void block_signals(void)
{
    sigset_t signals;
    fill_signals(&signals);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

/* libmilter has a thread of its own for SIGTERM, SIGHUP and SIGINT, and its listener
 * looks up from poll() every five seconds only.  So the signal is taken here first,
 * handed on (nobody but libmilter waits for it now), and the listener is woken. */
static void stop(int signal)
{
    kill(getpid(), signal);
    for (;;) { /* until the process ends */
        g_usleep(STOP_POKE_USECS);
        daemon_poke_socket(serving);
    }
}

static void *handle_signals(void *data G_GNUC_UNUSED)
{
    sigset_t signals;
    int received;

    fill_signals(&signals);
    for (;;) {
        if (sigwait(&signals, &received) != 0)
            continue;
        if (received == SIGUSR1)
            reload();
        else
            stop(received);
    }
    return NULL;
}

static gboolean start_signal_thread(void)
{
    pthread_t thread;
    return pthread_create(&thread, NULL, handle_signals, NULL) == 0 && pthread_detach(thread) == 0;
}

/* Everything that needs to be root, in the order in which it must happen. */
static gboolean take_place(const Config *config, GError **error)
{
    daemon_raise_limits();
    if (!daemon_lock_socket(config, error))
        return FALSE;
    umask(0177); /* nobody connects before mode and group are right */
    if (!milter_open(config->socket)) {
        error_temporary(error, "%s: can't listen there (libmilter has told syslog why)",
                        config->socket);
        return FALSE;
    }
    umask(0077);
    return daemon_adorn_socket(config, error) && daemon_make_state_directory(config, error)
        && daemon_become_user(config, error) && daemon_check_readable(config, error);
}

/* SQLite must not be carried over a fork(): so the ledger is opened twice, once to tell
 * what is wrong with it while somebody looks. */
static gboolean go_to_background(const Config *config, GError **error)
{
    Ledger *ledger = ledger_open(config->ledger_path, LEDGER_DAEMON, error);

    if (ledger == NULL)
        return FALSE;
    ledger_close(ledger);
    if (daemon(0, 0) == 0)
        return TRUE;
    error_temporary(error, "can't go to the background");
    return FALSE;
}

/* Everything with threads: after the fork. */
static gboolean start_service(Snapshot *snapshot, GError **error)
{
    g_autoptr(Submitter) submitter = make_submitter(snapshot->config);

    service.ledger = ledger_open(snapshot->config->ledger_path, LEDGER_DAEMON, error);
    if (service.ledger == NULL)
        return FALSE;
    service.outbox = outbox_new(service.ledger, service.secret);
    outbox_use(service.outbox, snapshot, submitter);
    milter_init(service.secret, service.ledger, service.outbox);
    milter_use(snapshot);
    service.upkeep = upkeep_start(service.ledger, snapshot->config, error);
    if (service.upkeep == NULL || !outbox_start(service.outbox, OUTBOX_WORKERS, error))
        return FALSE;
    if (start_signal_thread())
        return TRUE;
    error_temporary(error, "can't start a thread");
    return FALSE;
}

/* What is in hand is marked before the ledger is closed. */
static void stop_service(void)
{
    if (service.outbox != NULL)
        outbox_stop(service.outbox);
    if (service.upkeep != NULL)
        upkeep_stop(service.upkeep);
    g_clear_pointer(&service.ledger, ledger_close);
}

static int serve(const Snapshot *snapshot, GError **error)
{
    log_info("serves %s: %u networks, %u templates", snapshot->config->socket,
             customers_n_networks(snapshot->customers),
             templates_n_templates(snapshot->templates));
    daemon_tell_ready();
    if (!milter_run()) {
        error_temporary(error, "libmilter ended with an error (see syslog)");
        return EX_SOFTWARE;
    }
    return EX_OK;
}

static int exit_status(const GError *error)
{
    return g_error_matches(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT) ? EX_CONFIG : EX_OSERR;
}

static int start(Snapshot *snapshot, GError **error)
{
    g_autofree char *directory = config_state_directory(snapshot->config);

    if (!take_place(snapshot->config, error))
        return exit_status(*error);
    service.secret = secret_load(directory, TRUE, error);
    if (service.secret == NULL)
        return EX_CONFIG;
    if (!foreground && !go_to_background(snapshot->config, error))
        return exit_status(*error);
    serving = config_ref(snapshot->config);
    int status = start_service(snapshot, error) ? serve(snapshot, error) : exit_status(*error);
    stop_service();
    if (status == EX_OK)
        log_info("stopped");
    return status;
}

static gboolean parse_options(int argc, char **argv, GError **error)
{
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_option_context_set_summary(context,
                                 "A milter that turns CERT-Bund reports into one notice per "
                                 "customer; see certbund-milter(8).");
    g_option_context_add_main_entries(context, options, NULL);
    if (!g_option_context_parse(context, &argc, &argv, error))
        return FALSE;
    if (argc > 1) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "unexpected argument '%s'; expected options only", argv[1]);
        return FALSE;
    }
    return TRUE;
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;

    if (!parse_options(argc, argv, &error)) {
        fprintf(stderr, "certbund-milter: %s\n", error->message);
        return EX_USAGE;
    }
    if (show_version) {
        puts("certbund-milter " VERSION);
        return EX_OK;
    }
    char *typed = config_path; /* relative to where we start; the daemon goes to "/" */
    config_path = g_canonicalize_filename(typed != NULL ? typed : DEFAULT_CONFIG, NULL);
    g_free(typed);
    log_open("certbund-milter", TRUE); /* faults at the start go to who starts it */
    block_signals();
    message_init();
    curl_global_init(CURL_GLOBAL_DEFAULT);
    g_autoptr(Snapshot) snapshot = load(NULL);
    if (snapshot == NULL)
        return EX_CONFIG;
    if (!foreground)
        log_open("certbund-milter", FALSE);
    int status = start(snapshot, &error);
    if (error != NULL) {
        log_error("%s", error->message);
        if (!foreground)
            fprintf(stderr, "certbund-milter: %s\n", error->message);
    }
    return status;
}
