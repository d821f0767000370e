/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Hands mails to the MTA over SMTP with libcurl, which speaks TLS and AUTH and
 * keeps a connection open for the next mail. */
#include "submit.h"

#include "errors.h"
#include "submit-internal.h"

#include <curl/curl.h>
#include <pthread.h>
#include <string.h>

#define REPLY_MAX 500 /* bytes of the MTA's last line that are kept */

struct Submitter {
    char *via, *netrc;
    pthread_mutex_t lock; /* not GMutex, which the thread sanitizer can't see into */
    GPtrArray *idle; /* of CURL *, guarded by lock */
};

/* One mail on its way. */
typedef struct {
    const char *data;
    gsize size, sent;
    char reply[REPLY_MAX + 1];   /* last line the MTA said */
    char refusal[REPLY_MAX + 1]; /* last one of 4yz or 5yz: libcurl says QUIT after it */
    gboolean to_this_mail;       /* the refusal answers RCPT, DATA or the mail's end */
    gboolean at_this_mail;       /* what was said last to the MTA was one of these */
} Transfer;

Submitter *submitter_new(const char *via, const char *netrc)
{
    Submitter *submitter = g_atomic_rc_box_new0(Submitter);
    submitter->via = g_strdup(via);
    submitter->netrc = g_strdup(netrc);
    pthread_mutex_init(&submitter->lock, NULL);
    submitter->idle = g_ptr_array_new_with_free_func((GDestroyNotify)curl_easy_cleanup);
    return submitter;
}

Submitter *submitter_ref(Submitter *submitter)
{
    return g_atomic_rc_box_acquire(submitter);
}

static void clear(gpointer data)
{
    Submitter *submitter = data;
    g_ptr_array_unref(submitter->idle);
    pthread_mutex_destroy(&submitter->lock);
    g_free(submitter->via);
    g_free(submitter->netrc);
}

void submitter_unref(Submitter *submitter)
{
    if (submitter != NULL)
        g_atomic_rc_box_release_full(submitter, clear);
}

static size_t read_mail(char *buffer, size_t size, size_t count, void *data)
{
    Transfer *transfer = data;
    gsize n = MIN(size * count, transfer->size - transfer->sent);
    memcpy(buffer, transfer->data + transfer->sent, n);
    transfer->sent += n;
    return n;
}

/* libcurl hands every line the server says to the header function. */
static size_t note_reply(char *buffer, size_t size, size_t count, void *data)
{
    Transfer *transfer = data;
    gsize n = MIN(size * count, REPLY_MAX);
    memcpy(transfer->reply, buffer, n);
    transfer->reply[n] = '\0';
    g_strchomp(transfer->reply);
    if (*transfer->reply == '4' || *transfer->reply == '5') {
        memcpy(transfer->refusal, transfer->reply, sizeof transfer->refusal);
        transfer->to_this_mail = transfer->at_this_mail;
    } else if (!g_str_has_prefix(transfer->reply, "221")) /* went on, with HELO for EHLO */
        *transfer->refusal = '\0';
    return size * count;
}

/* libcurl shows what it says to the server to its debug function. */
static int note_command(CURL *curl G_GNUC_UNUSED, curl_infotype type, char *text, size_t size,
                        void *data)
{
    Transfer *transfer = data;
    if (type == CURLINFO_HEADER_OUT)
        transfer->at_this_mail = size >= 4
            && (g_ascii_strncasecmp(text, "RCPT", 4) == 0
                || g_ascii_strncasecmp(text, "DATA", 4) == 0);
    return 0;
}

static size_t ignore(char *buffer G_GNUC_UNUSED, size_t size, size_t count,
                     void *data G_GNUC_UNUSED)
{
    return size * count;
}

static CURL *take_connection(Submitter *submitter)
{
    pthread_mutex_lock(&submitter->lock);
    guint n = submitter->idle->len;
    CURL *curl = n > 0 ? g_ptr_array_steal_index(submitter->idle, n - 1) : NULL;
    pthread_mutex_unlock(&submitter->lock);
    return curl != NULL ? curl : curl_easy_init();
}

static void give_back(Submitter *submitter, CURL *curl)
{
    pthread_mutex_lock(&submitter->lock);
    if (submitter->idle->len < SUBMIT_IDLE_MAX) {
        g_ptr_array_add(submitter->idle, curl);
        curl = NULL;
    }
    pthread_mutex_unlock(&submitter->lock);
    if (curl != NULL)
        curl_easy_cleanup(curl);
}

static void set_options(const Submitter *submitter, CURL *curl, Transfer *transfer,
                        const char *sender, struct curl_slist *recipients)
{
    gboolean user = strchr(submitter->via, '@') != NULL;

    curl_easy_reset(curl); /* the connection stays */
    curl_easy_setopt(curl, CURLOPT_URL, submitter->via);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L); /* threads */
    curl_easy_setopt(curl, CURLOPT_PROXY, "");    /* not the environment's */
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)SUBMIT_CONNECT_SECS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)SUBMIT_MAIL_SECS);
    /* Who authenticates does so under TLS; a listener on loopback has none. */
    curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)(user ? CURLUSESSL_ALL : CURLUSESSL_NONE));
    if (user && submitter->netrc != NULL) {
        curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
        curl_easy_setopt(curl, CURLOPT_NETRC_FILE, submitter->netrc);
    }
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, sender);
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_mail);
    curl_easy_setopt(curl, CURLOPT_READDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)transfer->size);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, note_reply);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore);
    curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L);
    curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, note_command);
    curl_easy_setopt(curl, CURLOPT_DEBUGDATA, transfer);
}

/* 5yz is for good only when it was said to this mail.  At the greeting, to MAIL (our
 * own sender) or for want of TLS or a login it is said to us: an operator mends
 * that, and no notice may be lost for it. */
static gboolean for_good(const Transfer *transfer)
{
    return *transfer->refusal == '5' && transfer->to_this_mail
        && !g_str_has_prefix(transfer->refusal, "530")
        && !g_str_has_prefix(transfer->refusal, "535");
}

static SubmitTrouble trouble_of(CURLcode code, const Transfer *transfer)
{
    const char *refusal = transfer->refusal;

    if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST)
        return SUBMIT_UNREACHED;
    if (*refusal == '\0' || g_str_has_prefix(refusal, "421")
        || (*refusal == '5' && !for_good(transfer)))
        return SUBMIT_EVERY_MAIL;
    return SUBMIT_THIS_MAIL;
}

static void set_failure(CURLcode code, const Transfer *transfer, const char *via,
                        SubmitReply *reply_r, GError **error)
{
    if (*transfer->refusal != '\0')
        reply_r->text = g_strdup(transfer->refusal);
    reply_r->trouble = trouble_of(code, transfer);
    if (for_good(transfer))
        error_input(error, "%s refused it: %s", via, transfer->refusal);
    else if (*transfer->refusal != '\0')
        error_temporary(error, "%s: %s (%s)", via, transfer->refusal, curl_easy_strerror(code));
    else
        error_temporary(error, "%s: %s", via, curl_easy_strerror(code));
}

static gboolean submit_by_smtp(Submitter *submitter, const char *sender,
                               const char *const *recipients, GBytes *mail, SubmitReply *reply_r,
                               GError **error)
{
    Transfer transfer = { .sent = 0 };
    struct curl_slist *list = NULL;
    CURL *curl = take_connection(submitter);

    if (curl == NULL) {
        reply_r->trouble = SUBMIT_UNREACHED;
        error_temporary(error, "libcurl: out of memory");
        return FALSE;
    }
    transfer.data = g_bytes_get_data(mail, &transfer.size);
    for (; *recipients != NULL; recipients++)
        list = curl_slist_append(list, *recipients);
    set_options(submitter, curl, &transfer, sender, list);
    CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK)
        set_failure(code, &transfer, submitter->via, reply_r, error);
    else
        reply_r->text = g_strdup(transfer.reply);
    curl_slist_free_all(list);
    give_back(submitter, curl);
    return code == CURLE_OK;
}

gboolean submit_mail(Submitter *submitter, const char *sender, const char *const *recipients,
                     GBytes *mail, SubmitReply *reply_r, GError **error)
{
    *reply_r = (SubmitReply) { .text = NULL };
    if (g_str_has_prefix(submitter->via, "sendmail:"))
        return submit_by_sendmail(submitter->via + strlen("sendmail:"), sender, recipients, mail,
                                  reply_r, error);
    return submit_by_smtp(submitter, sender, recipients, mail, reply_r, error);
}

void submit_reply_clear(SubmitReply *reply)
{
    g_clear_pointer(&reply->text, g_free);
}
