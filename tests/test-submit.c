/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Handing over: what the MTA may answer, and what we make of it. */
#include "submit.h"

#include "errors.h"
#include "fixture.h"

#include <curl/curl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

/* A server that plays one script: the reply to each SMTP command by its verb. */
typedef struct {
    const char *greeting, *on_mail, *on_rcpt, *on_data, *on_dot; /* NULL: the usual 250 or 354 */
    gboolean hang_up;                                 /* close instead of answering the dot */
    gboolean no_ehlo;                                 /* speaks SMTP of 1982 */
    GSocketListener *listener;
    guint16 port;
    GThread *thread;
    GString *seen; /* commands and mail, read after the thread has ended */
    guint connections;
    gint stop;
} Server;

static void say(GOutputStream *out, const char *reply)
{
    g_autofree char *line = g_strdup_printf("%s\r\n", reply);
    g_output_stream_write_all(out, line, strlen(line), NULL, NULL, NULL);
}

static void read_mail(Server *server, GDataInputStream *in)
{
    for (;;) {
        g_autofree char *line = g_data_input_stream_read_line(in, NULL, NULL, NULL);
        if (line == NULL || strcmp(line, ".") == 0)
            return;
        g_string_append_printf(server->seen, "| %s\n", line);
    }
}

/* FALSE: the connection is done. */
static gboolean answer(Server *server, const char *line, GDataInputStream *in, GOutputStream *out)
{
    g_string_append_printf(server->seen, "%s\n", line);
    if (g_str_has_prefix(line, "MAIL"))
        say(out, server->on_mail != NULL ? server->on_mail : "250 2.1.0 Ok");
    else if (g_str_has_prefix(line, "RCPT"))
        say(out, server->on_rcpt != NULL ? server->on_rcpt : "250 2.1.5 Ok");
    else if (g_str_has_prefix(line, "DATA")) {
        say(out, server->on_data != NULL ? server->on_data : "354 go on");
        if (server->on_data != NULL)
            return TRUE;
        read_mail(server, in);
        if (server->hang_up)
            return FALSE;
        say(out, server->on_dot != NULL ? server->on_dot : "250 2.0.0 Ok: queued as 4TEST");
    } else if (g_str_has_prefix(line, "EHLO") && server->no_ehlo)
        say(out, "502 5.5.1 what?");
    else
        say(out, g_str_has_prefix(line, "QUIT") ? "221 2.0.0 Bye" : "250 Ok");
    return !g_str_has_prefix(line, "QUIT");
}

static void serve_connection(Server *server, GSocketConnection *connection)
{
    GInputStream *raw = g_io_stream_get_input_stream(G_IO_STREAM(connection));
    GOutputStream *out = g_io_stream_get_output_stream(G_IO_STREAM(connection));
    g_autoptr(GDataInputStream) in = g_data_input_stream_new(raw);
    gboolean go_on = TRUE;

    server->connections++;
    g_data_input_stream_set_newline_type(in, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
    say(out, server->greeting != NULL ? server->greeting : "220 test ESMTP");
    while (go_on) {
        g_autofree char *line = g_data_input_stream_read_line(in, NULL, NULL, NULL);
        go_on = line != NULL && answer(server, line, in, out);
    }
    g_io_stream_close(G_IO_STREAM(connection), NULL, NULL);
}

static gpointer serve(gpointer data)
{
    Server *server = data;
    while (!g_atomic_int_get(&server->stop)) {
        g_autoptr(GSocketConnection) connection
            = g_socket_listener_accept(server->listener, NULL, NULL, NULL);
        if (connection != NULL && !g_atomic_int_get(&server->stop))
            serve_connection(server, connection);
    }
    return NULL;
}

static void server_start(Server *server)
{
    g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
    g_autoptr(GSocketAddress) any = g_inet_socket_address_new(loopback, 0);
    g_autoptr(GSocketAddress) bound = NULL;
    g_autoptr(GError) error = NULL;

    server->seen = g_string_new(NULL);
    server->listener = g_socket_listener_new();
    g_socket_listener_add_address(server->listener, any, G_SOCKET_TYPE_STREAM,
                                  G_SOCKET_PROTOCOL_TCP, NULL, &bound, &error);
    g_assert_no_error(error);
    server->port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound));
    server->thread = g_thread_new("server", serve, server);
}

/* The submitter must be gone, so that its connections are closed. */
static void server_stop(Server *server)
{
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_autofree char *host = g_strdup_printf("127.0.0.1:%u", server->port);

    g_atomic_int_set(&server->stop, TRUE);
    GSocketConnection *wake = g_socket_client_connect_to_host(client, host, 0, NULL, NULL);
    g_thread_join(server->thread);
    g_clear_object(&wake);
    g_clear_object(&server->listener);
    g_string_free(server->seen, TRUE);
}

static const char *const two[] = { "noc@kunde.example.net", "second@kunde.example.net", NULL };

static gboolean send_one(Submitter *submitter, const char *sender, SubmitReply *reply_r,
                         GError **error)
{
    g_autoptr(GBytes) mail = g_bytes_new_static("Subject: x\r\n\r\n.dot\r\nend\r\n", 26);
    g_auto(SubmitReply) own = { .text = NULL };
    return submit_mail(submitter, sender, two, mail, reply_r != NULL ? reply_r : &own, error);
}

static Submitter *submitter_to(const Server *server)
{
    g_autofree char *via = g_strdup_printf("smtp://127.0.0.1:%u", server->port);
    return submitter_new(via, NULL);
}

/* RFC 5321 section 4.2.1: 4yz try again, 5yz never. */
static void test_replies(void)
{
    static const struct {
        const char *name;
        Server server;
        gboolean fine;
        CertbundError code;
        const char *words;
        SubmitTrouble trouble; /* when it failed */
    } cases[] = {
        { "taken", { .on_mail = NULL }, TRUE, 0, "250 2.0.0 Ok: queued as 4TEST",
          SUBMIT_THIS_MAIL },
        { "sender later", { .on_mail = "451 4.3.0 later" }, FALSE, CERTBUND_ERROR_TEMPORARY,
          "451 4.3.0 later", SUBMIT_THIS_MAIL },
        { "not from us", { .on_mail = "550 5.7.1 no" }, FALSE, CERTBUND_ERROR_TEMPORARY,
          "550 5.7.1 no",
          SUBMIT_EVERY_MAIL },
        { "nobody is served", { .greeting = "554 5.7.1 no service" }, FALSE,
          CERTBUND_ERROR_TEMPORARY, NULL,
          SUBMIT_EVERY_MAIL },
        { "not without TLS", { .on_mail = "530 5.7.0 STARTTLS first" }, FALSE,
          CERTBUND_ERROR_TEMPORARY, "530 5.7.0",
          SUBMIT_EVERY_MAIL },
        { "not without a login", { .on_rcpt = "530 5.7.0 log in first" }, FALSE,
          CERTBUND_ERROR_TEMPORARY, "530 5.7.0",
          SUBMIT_EVERY_MAIL },
        { "no data ever", { .on_data = "554 5.5.1 no valid recipients" }, FALSE,
          CERTBUND_ERROR_INPUT, "554 5.5.1", SUBMIT_THIS_MAIL },
        { "recipient later", { .on_rcpt = "450 4.2.0 grey" }, FALSE, CERTBUND_ERROR_TEMPORARY,
          "450 4.2.0 grey", SUBMIT_THIS_MAIL },
        { "recipient never", { .on_rcpt = "550 5.1.1 unknown" }, FALSE, CERTBUND_ERROR_INPUT,
          "550 5.1.1 unknown", SUBMIT_THIS_MAIL },
        { "no data now", { .on_data = "421 4.3.2 going" }, FALSE, CERTBUND_ERROR_TEMPORARY,
          "421 4.3.2 going",
          SUBMIT_EVERY_MAIL },
        { "content later", { .on_dot = "452 4.3.1 disk full" }, FALSE, CERTBUND_ERROR_TEMPORARY,
          "452 4.3.1 disk full", SUBMIT_THIS_MAIL },
        { "content never", { .on_dot = "554 5.6.0 refused" }, FALSE, CERTBUND_ERROR_INPUT,
          "554 5.6.0 refused", SUBMIT_THIS_MAIL },
        { "an old server", { .no_ehlo = TRUE }, TRUE, 0, "250 2.0.0 Ok: queued as 4TEST",
          SUBMIT_THIS_MAIL },
        { "an old server that goes away", { .no_ehlo = TRUE, .hang_up = TRUE }, FALSE,
          CERTBUND_ERROR_TEMPORARY, NULL,
          SUBMIT_EVERY_MAIL },
        { "gone before the answer", { .hang_up = TRUE }, FALSE, CERTBUND_ERROR_TEMPORARY, NULL,
          SUBMIT_EVERY_MAIL },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        Server server = cases[i].server;
        g_auto(SubmitReply) reply = { .text = NULL };
        g_autoptr(GError) error = NULL;
        server_start(&server);
        Submitter *submitter = submitter_to(&server);
        gboolean fine = send_one(submitter, "bounce@example.org", &reply, &error);
        g_test_message("%s: %s", cases[i].name, fine ? reply.text : error->message);
        g_assert_true(fine == cases[i].fine);
        if (!fine) {
            g_assert_error(error, CERTBUND_ERROR, (int)cases[i].code);
            g_assert_cmpint(reply.trouble, ==, cases[i].trouble);
        }
        if (cases[i].words != NULL)
            g_assert_nonnull(strstr(fine ? reply.text : error->message, cases[i].words));
        submitter_unref(submitter);
        server_stop(&server);
    }
}

/* Envelope and text arrive as they are; one connection serves many mails. */
static void test_dialogue(void)
{
    Server server = { .on_mail = NULL };
    g_autoptr(GError) error = NULL;

    server_start(&server);
    Submitter *submitter = submitter_to(&server);
    for (guint i = 0; i < 3; i++) {
        g_assert_true(send_one(submitter, i == 2 ? "" : "bounce@example.org", NULL, &error));
        g_assert_no_error(error);
    }
    submitter_unref(submitter);
    g_atomic_int_set(&server.stop, TRUE);
    g_assert_cmpuint(server.connections, ==, 1);
    g_assert_nonnull(strstr(server.seen->str, "MAIL FROM:<bounce@example.org>"));
    g_assert_nonnull(strstr(server.seen->str, "MAIL FROM:<>"));
    g_assert_nonnull(strstr(server.seen->str, "RCPT TO:<noc@kunde.example.net>"));
    g_assert_nonnull(strstr(server.seen->str, "RCPT TO:<second@kunde.example.net>"));
    g_assert_nonnull(strstr(server.seen->str, "| Subject: x\n| \n| ..dot\n| end\n"));
    server_stop(&server);
}

/* A failed mail does not spoil the next one on the same connection. */
static void test_after_refusal(void)
{
    Server server = { .on_rcpt = "550 5.1.1 unknown" };
    g_autoptr(GError) error = NULL;

    server_start(&server);
    Submitter *submitter = submitter_to(&server);
    g_assert_false(send_one(submitter, "bounce@example.org", NULL, &error));
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
    g_clear_error(&error);
    server.on_rcpt = NULL;
    g_assert_true(send_one(submitter, "bounce@example.org", NULL, &error));
    g_assert_no_error(error);
    submitter_unref(submitter);
    server_stop(&server);
}

static void test_nobody_listens(void)
{
    Server server = { .on_mail = NULL };
    g_autoptr(GError) error = NULL;
    g_auto(SubmitReply) reply = { .text = NULL };

    server_start(&server);
    g_autofree char *via = g_strdup_printf("smtp://127.0.0.1:%u", server.port);
    server_stop(&server);
    g_autoptr(Submitter) submitter = submitter_new(via, NULL);
    g_assert_false(send_one(submitter, "bounce@example.org", &reply, &error));
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_TEMPORARY);
    g_assert_cmpint(reply.trouble, ==, SUBMIT_UNREACHED);
}

/* sendmail(1): arguments, input with LF, exit status of sysexits.h. */
static void test_sendmail(void)
{
    static const struct {
        const char *name, *script;
        gboolean fine;
        CertbundError code;
        const char *words;
    } cases[] = {
        { "taken", "echo \"$@\" > \"$0.args\"; cat > \"$0.mail\"", TRUE, 0, NULL },
        { "later", "cat >/dev/null; echo try again; exit 75", FALSE, CERTBUND_ERROR_TEMPORARY,
          "try again" },
        { "never", "cat >/dev/null; echo no user >&2; exit 67", FALSE, CERTBUND_ERROR_INPUT,
          "no user" },
        { "unexpected", "exit 3", FALSE, CERTBUND_ERROR_TEMPORARY, "exit status 3" },
        { "killed", "kill -9 $$", FALSE, CERTBUND_ERROR_TEMPORARY, "signal" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *directory = fixture_directory();
        g_autofree char *script = g_strdup_printf("#!/bin/sh\n%s\n", cases[i].script);
        g_autofree char *program = g_build_filename(directory, "sendmail", NULL);
        g_autofree char *via = g_strconcat("sendmail:", program, NULL);
        g_autoptr(Submitter) submitter = submitter_new(via, NULL);
        g_autoptr(GError) error = NULL;
        g_auto(SubmitReply) reply = { .text = NULL };
        fixture_write(directory, "sendmail", script);
        g_assert_cmpint(g_chmod(program, 0755), ==, 0);
        gboolean fine = send_one(submitter, "", &reply, &error);
        g_test_message("%s: %s", cases[i].name, fine ? "fine" : error->message);
        g_assert_true(fine == cases[i].fine);
        if (!fine) {
            g_assert_error(error, CERTBUND_ERROR, (int)cases[i].code);
            g_assert_nonnull(strstr(error->message, cases[i].words));
            g_assert_cmpint(reply.trouble, ==, cases[i].code == CERTBUND_ERROR_TEMPORARY
                                                   ? SUBMIT_EVERY_MAIL
                                                   : SUBMIT_THIS_MAIL);
        } else {
            g_autofree char *arguments = NULL, *mail = NULL;
            g_autofree char *args_file = g_strconcat(program, ".args", NULL);
            g_autofree char *mail_file = g_strconcat(program, ".mail", NULL);
            g_assert_true(g_file_get_contents(args_file, &arguments, NULL, NULL));
            g_assert_true(g_file_get_contents(mail_file, &mail, NULL, NULL));
            g_assert_cmpstr(arguments, ==,
                            "-i -f  -- noc@kunde.example.net second@kunde.example.net\n");
            g_assert_cmpstr(mail, ==, "Subject: x\n\n.dot\nend\n");
        }
        fixture_remove(directory);
    }
}

static void test_no_sendmail(void)
{
    g_autoptr(Submitter) submitter = submitter_new("sendmail:/nonexistent/sendmail", NULL);
    g_autoptr(GError) error = NULL;
    g_auto(SubmitReply) reply = { .text = NULL };
    g_assert_false(send_one(submitter, "", &reply, &error));
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_TEMPORARY);
    g_assert_cmpint(reply.trouble, ==, SUBMIT_UNREACHED);
}

/* REPLY_MAX bytes of the MTA's line are kept. */
static void test_reply_limit(void)
{
    enum { REPLY_MAX = 500 };

    for (guint more = 0; more < 2; more++) {
        g_autofree char *text = g_strnfill(REPLY_MAX + more - strlen("554 5.6.0 "), 'x');
        g_autofree char *said = g_strconcat("554 5.6.0 ", text, NULL);
        g_autofree char *kept = g_strndup(said, REPLY_MAX);
        Server server = { .on_dot = said };
        g_auto(SubmitReply) reply = { .text = NULL };
        g_autoptr(GError) error = NULL;

        server_start(&server);
        g_autoptr(Submitter) submitter = submitter_to(&server);
        g_assert_false(send_one(submitter, "", &reply, &error));
        g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
        g_assert_true(g_str_has_suffix(error->message, kept));
        g_clear_pointer(&submitter, submitter_unref);
        server_stop(&server);
    }
}

/* SAID_MAX bytes of what the program says are kept, however it says them. */
static void test_said_limit(void)
{
    enum { SAID_MAX = 500 };

    for (guint more = 0; more < 2; more++) {
        char *directory = fixture_directory();
        g_autofree char *first = g_strnfill(SAID_MAX - 1, 'x');
        g_autofree char *script
            = g_strdup_printf("#!/bin/sh\ncat >/dev/null\necho %s | tr -d '\\n'\nsleep 0.2\n"
                              "echo %s | tr -d '\\n'\nexit 67\n", first, more ? "yz" : "y");
        g_autofree char *program = g_build_filename(directory, "sendmail", NULL);
        g_autofree char *via = g_strconcat("sendmail:", program, NULL);
        g_autofree char *kept = g_strconcat(first, "y", NULL);
        g_autoptr(Submitter) submitter = submitter_new(via, NULL);
        g_auto(SubmitReply) reply = { .text = NULL };
        g_autoptr(GError) error = NULL;

        fixture_write(directory, "sendmail", script);
        g_assert_cmpint(g_chmod(program, 0755), ==, 0);
        g_assert_false(send_one(submitter, "", &reply, &error));
        g_test_message("%s", error->message);
        g_assert_true(g_str_has_suffix(error->message, kept));
        fixture_remove(directory);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    g_test_add_func("/submit/replies", test_replies);
    g_test_add_func("/submit/dialogue", test_dialogue);
    g_test_add_func("/submit/after-refusal", test_after_refusal);
    g_test_add_func("/submit/nobody-listens", test_nobody_listens);
    g_test_add_func("/submit/sendmail", test_sendmail);
    g_test_add_func("/submit/no-sendmail", test_no_sendmail);
    g_test_add_func("/submit/reply-limit", test_reply_limit);
    g_test_add_func("/submit/said-limit", test_said_limit);
    return g_test_run();
}
