/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* accept-only: the yardstick of bench-postfix: a milter that accepts every mail
 * at DATA and does nothing else.
 *
 * It negotiates what certbund-milter negotiates and is asked at the same
 * callbacks, so what separates the two is the work that certbund-milter does for
 * mail that is none of its business. */
#include <libmilter/mfapi.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* As in src/milter.c: no answers per header field or chunk of body; the envelope
 * commands keep theirs. */
#define WANTED_STEPS (SMFIP_NR_HDR | SMFIP_NR_BODY | SMFIP_HDR_LEADSPC)
#define WANTED_ACTIONS (SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_ADDRCPT | SMFIF_DELRCPT)

static sfsistat on_negotiate(SMFICTX *context, unsigned long actions, unsigned long steps,
                             unsigned long unused_1, unsigned long unused_2,
                             unsigned long *actions_r, unsigned long *steps_r,
                             unsigned long *unused_1_r, unsigned long *unused_2_r)
{
    (void)context;
    (void)unused_1;
    (void)unused_2;
    *actions_r = actions & WANTED_ACTIONS;
    *steps_r = steps & WANTED_STEPS;
    *unused_1_r = *unused_2_r = 0;
    return SMFIS_CONTINUE;
}

static sfsistat on_connect(SMFICTX *context, char *host, _SOCK_ADDR *address)
{
    (void)context;
    (void)host;
    (void)address;
    return SMFIS_CONTINUE;
}

static sfsistat on_envelope(SMFICTX *context, char **arguments)
{
    (void)context;
    (void)arguments;
    return SMFIS_CONTINUE;
}

static sfsistat on_data(SMFICTX *context)
{
    (void)context;
    return SMFIS_ACCEPT;
}

/* The following are never called after on_data(); without them libmilter would
 * tell the MTA to leave their events out. */
static sfsistat on_header(SMFICTX *context, char *name, char *value)
{
    (void)context;
    (void)name;
    (void)value;
    return SMFIS_NOREPLY;
}

static sfsistat on_body(SMFICTX *context, unsigned char *chunk, size_t size)
{
    (void)context;
    (void)chunk;
    (void)size;
    return SMFIS_NOREPLY;
}

static sfsistat on_event(SMFICTX *context)
{
    (void)context;
    return SMFIS_CONTINUE;
}

int main(int argc, char **argv)
{
    static char name[] = "accept-only";
    struct smfiDesc filter = {
        .xxfi_name = name,
        .xxfi_version = SMFI_VERSION,
        .xxfi_flags = WANTED_ACTIONS,
        .xxfi_connect = on_connect,
        .xxfi_envfrom = on_envelope,
        .xxfi_envrcpt = on_envelope,
        .xxfi_header = on_header,
        .xxfi_eoh = on_event,
        .xxfi_body = on_body,
        .xxfi_eom = on_event,
        .xxfi_abort = on_event,
        .xxfi_close = on_event,
        .xxfi_data = on_data,
        .xxfi_negotiate = on_negotiate,
    };

    if (argc != 2) {
        fprintf(stderr, "usage: accept-only SOCKET (unix:PATH or inet:PORT@HOST)\n");
        return EXIT_FAILURE;
    }
    umask(0); /* the MTA's user may connect; the bench keeps the directory to itself */
    if (smfi_setconn(argv[1]) != MI_SUCCESS || smfi_register(filter) != MI_SUCCESS
        || smfi_opensocket(1) != MI_SUCCESS) {
        fprintf(stderr, "accept-only: can't listen on %s\n", argv[1]);
        return EXIT_FAILURE;
    }
    return smfi_main() == MI_SUCCESS ? EXIT_SUCCESS : EXIT_FAILURE;
}
