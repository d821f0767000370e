/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Laws 3 and 4 for the ledger and the outbox, as a model that Spin searches whole:
 * every order of the steps below, and FAULTS faults at any places.  ./run does it, and
 * shows that each of the broken variants (#ifdef) is found out.
 *
 *   law 3  The MTA gets its 250 after the ledger's commit is on disk; a mail that the
 *          milter defers leaves nothing behind and sends nothing.
 *   law 4  One set of notices for each report key, whatever the copies, paths and
 *          retries; a notice goes to the MTA again only if a crash fell between the
 *          MTA's taking it and the mark, and then under the same Message-ID; none is lost.
 *
 * Kept in step with the code: one guarded step here is what the code does without a
 * crash being able to fall between in any way that matters.
 *
 *   Sender     CERT-Bund's MTA and ours in front of the milter: tries until it has a
 *              250.  When the daemon dies, our MTA says 4xx (milter_default_action).
 *   Session    the milter's end of message (milter.c, finish_report(); record.c, record()):
 *                deciding     ledger_begin(): takes the lock; is the key known?
 *                adding       ledger_add_notice(), ledger_add_event()
 *                committing   ledger_commit(): on disk, and then TRUE (two steps)
 *                committed, known, failed: what the MTA is told
 *   Worker     outbox.c, run_worker():
 *                claims       ledger_claim()       lease in the file, hold_here() in memory
 *                hands over   submit_mail()        the MTA takes it; the 250 is here (two steps)
 *                gives back   give_back(), ledger_unclaim()
 *   Marker     outbox-marks.c, mark_batch(): ledger_mark(), many in one commit
 *   Clock      leases end: by the wall clock at any time, since clocks jump; in memory
 *              (held_here()) only when nobody has the mail in hand any more, which
 *              CLAIM_SECS and, while marks fail, take_permit() see to
 *   Start      outbox_start(), take_over(): ledger_unclaim() for each worker
 *   Crash      of the daemon.  A stop (outbox_stop()) is a crash at a kind moment.
 *
 * What the laws do not say, and what happens here: the daemon dies after the commit and
 * before the answer, or a commit fails while syncing and a crash finds it in the log after
 * all (limbo).  The sender has a 4xx, the report is recorded, its notices go; his next try
 * is a duplicate.
 *
 * Left out, because no law needs it: throttle, due times and backoff, the waits that
 * bound how many results are unmarked, notices refused for good, follow-ups, unproven
 * mails that are not kept.  Taken for granted: a commit that returned TRUE outlives a
 * crash (SQLite, synchronous=FULL), and a 250 of the MTA reaches a daemon that lives.
 * Where it can't, because the connection breaks behind the final dot, SMTP itself repeats
 * the mail (RFC 1047); LOSE_250 is that, and is refuted like the faulty ones. */

#ifndef PATHS
#define PATHS 2 /* mails on their way at once */
#endif
#ifndef KEYS
#define KEYS 1 /* different reports among them: path p brings report p mod KEYS */
#endif
#ifndef FORGED
#define FORGED 0 /* so many of the last paths bring a copy without provenance */
#endif
#ifndef NOTICES
#define NOTICES 2 /* for each report; 1 or 2 */
#endif
#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef FAULTS
#define FAULTS 3 /* of any kind, in one run: then all goes well */
#endif

#define ALL           (KEYS * NOTICES)
#define KEY(path)     ((path) % KEYS)
#define PROVEN(path)  ((path) < PATHS - FORGED)
#define HAND(w, i)    hand[(w) * ALL + (i)]
#define UP            (up == WORKERS + 1)
#define FREE          (lock == 0)
#define FAULT         faults < FAULTS

mtype = { trying, waiting, said_250, said_4xx, content };        /* a sender */
mtype = { idle, deciding, adding, committing, committed, known, failed }; /* a session */
mtype = { none, pending, handed_over };                          /* a notice, in the ledger */
mtype = { resting, working, giving_back };                       /* a worker */
mtype = { nothing, listed, taken, ok, again };                   /* a notice in a worker's hand */
mtype = { not_yet, once, excused };                                /* a notice, at the MTA */

/* On disk. */
byte sets[KEYS];         /* reports recorded under a key, each with its set of notices */
mtype notice[ALL] = none;
byte claim[ALL];         /* the worker's number from 1, or 0 */
bool ended[ALL];         /* the lease has, by the wall clock */
byte limbo;              /* path from 1: its commit failed while syncing, and lies in the log */

/* In the daemon's memory. */
byte up;                 /* 0: dead; 1 ... WORKERS: takes over that worker's claims; more: runs */
byte lock;               /* of the ledger: path from 1, or 0 */
mtype session[PATHS] = idle;
mtype worker[WORKERS] = resting;
mtype hand[WORKERS * ALL] = nothing;
bool held[ALL];

/* In the MTAs. */
mtype mail[PATHS] = trying;
mtype took[ALL] = not_yet; /* excused: a crash came before the mark, so it may come again */
byte id[ALL];            /* the Message-ID that it came under */

/* What the claims at the end look at. */
byte faults;
bool recorded[PATHS];    /* something of the present try is on disk */
bool answered[KEYS];     /* 250 to a proven copy */
bool answered_too_early, deferred_with_remains, sent_without_record, second_set,
    sent_twice, other_id;

/* Things that must be seen to happen, else all holds because nothing does. */
#ifdef WITNESS
bool saw_repeat, saw_duplicate, saw_deferred, saw_limbo, saw_take_back, saw_wait;
#define SAW(what) what = true
#else
#define SAW(what) skip
#endif

hidden byte i, j, n;     /* within one step only */

/* ---- the ledger */

/* Whoever commits next writes over what lay in the log uncommitted. */
inline wrote() { limbo = 0 }

inline record(path) {
    recorded[path] = true;
#ifdef KEY_FOR_UNPROVEN
    sets[KEY(path)]++;
#endif
    if
    :: PROVEN(path) ->
        second_set = second_set || sets[KEY(path)] > 0;
#ifndef KEY_FOR_UNPROVEN
        sets[KEY(path)]++;
#endif
        for (i : KEY(path) * NOTICES .. KEY(path) * NOTICES + NOTICES - 1) {
            notice[i] = pending; claim[i] = 0; ended[i] = false
        }
    :: else
    fi
}

inline unclaim(w) {
    for (i : 0 .. ALL - 1) {
        if
        :: notice[i] == pending && claim[i] == (w) + 1 ->
            claim[i] = 0; ended[i] = false; held[i] = false
        :: else
        fi
    }
    wrote()
}

/* A lease stands until it is ended by the wall clock and by the daemon's own memory. */
#ifdef NO_HOLD
#define DUE(i) (notice[i] == pending && (claim[i] == 0 || ended[i]))
#else
#define DUE(i) (notice[i] == pending && (claim[i] == 0 || ended[i]) && !held[i])
#endif
#define ANY_DUE (DUE(0) || DUE(ALL - 1)) /* ALL is 2 at most */

/* ---- the MTA that takes the notices */

#ifdef NEW_ID
#define MESSAGE_ID(i) (id[i] + 1) /* made anew for each try */
#else
#define MESSAGE_ID(i) 1           /* of the notice's key: in the ledger, with its bytes */
#endif

inline mta_takes(i) {
    sent_without_record = sent_without_record || sets[(i) / NOTICES] == 0;
    sent_twice = sent_twice || took[i] == once;
    other_id = other_id || (took[i] != not_yet && id[i] != MESSAGE_ID(i));
    if
    :: took[i] == excused -> SAW(saw_repeat)
    :: else
    fi;
    took[i] = once;
    id[i] = MESSAGE_ID(i);
    printf("MTA takes notice %d\n", i)
}

/* ---- whoever sends reports */

proctype Sender(byte path) {
end:
    do
    :: d_step { UP && mail[path] == trying && session[path] == idle ->
        mail[path] = waiting; session[path] = deciding; recorded[path] = false }
    :: d_step { mail[path] == said_250 -> mail[path] = content }
#ifdef DEAF
    :: d_step { mail[path] == said_250 -> mail[path] = trying }
#endif
    :: d_step { mail[path] == said_250 && FAULT ->
        faults++; mail[path] = trying; printf("path %d: the 250 is lost\n", path) }
    :: d_step { mail[path] == said_4xx -> mail[path] = trying }
    od
}

inline say_250(path) {
    mail[path] = said_250;
    answered_too_early = answered_too_early || !recorded[path] && sets[KEY(path)] == 0;
    answered[KEY(path)] = answered[KEY(path)] || PROVEN(path);
    printf("path %d: 250\n", path)
}

inline say_4xx(path) {
    mail[path] = said_4xx;
    SAW(saw_deferred);
    deferred_with_remains = deferred_with_remains || recorded[path];
    printf("path %d: 451\n", path)
}

/* ---- the milter */

#ifdef NO_KEY
#define KNOWN(path) false
#else
#define KNOWN(path) (PROVEN(path) && sets[KEY(path)] > 0)
#endif

proctype Session(byte path) {
end:
    do
#ifdef ANSWER_FIRST
    :: d_step { UP && session[path] == deciding && mail[path] == waiting -> say_250(path) }
#endif
#ifdef LOOK_BEFORE_LOCK
    :: d_step { UP && session[path] == deciding && !KNOWN(path) -> session[path] = adding }
    :: d_step { UP && session[path] == deciding && KNOWN(path) -> session[path] = known }
    :: d_step { UP && session[path] == adding && FREE ->
        lock = path + 1; session[path] = committing }
#else
    :: d_step { UP && session[path] == deciding && FREE && !KNOWN(path) ->
        lock = path + 1; session[path] = adding }
    :: d_step { UP && session[path] == deciding && FREE && KNOWN(path) -> session[path] = known }
    :: d_step { UP && session[path] == adding -> session[path] = committing;
#ifdef NO_TRANSACTION
        notice[KEY(path) * NOTICES] = pending; recorded[path] = true
#endif
#ifdef SEND_FIRST
        mta_takes(KEY(path) * NOTICES)
#endif
    }
#endif
    /* Before anything is written: no customers, a ledger that is busy. */
    :: d_step { UP && session[path] == deciding && FAULT -> faults++; session[path] = failed }
    :: d_step { UP && session[path] == committing ->
        record(path); wrote(); session[path] = committed; printf("path %d: on disk\n", path) }
    :: d_step { UP && session[path] == committing && FAULT ->
        faults++; lock = 0; session[path] = failed; printf("path %d: no commit\n", path) }
    :: d_step { UP && session[path] == committing && FAULT ->
        faults++; lock = 0; session[path] = failed; limbo = path + 1;
        printf("path %d: no commit, but its pages are in the log\n", path) }
    :: d_step { UP && session[path] == committed && lock == path + 1 -> lock = 0 }
    :: d_step { UP && session[path] == committed && lock != path + 1 ->
        say_250(path); session[path] = idle }
    :: d_step { UP && session[path] == known ->
        SAW(saw_duplicate); say_250(path); session[path] = idle }
    :: d_step { UP && session[path] == failed -> say_4xx(path); session[path] = idle }
    od
}

/* ---- the outbox */

#define HAS(w, what)   (HAND(w, 0) == what || HAND(w, ALL - 1) == what)
#define UNMARKED(w)    (HAS(w, ok) || HAS(w, again))
#define NEXT(w)        (HAND(w, 0) == listed -> 0 : ALL - 1) /* the oldest first */
#define MAY_SEND(w)    (UP && worker[w] == working && HAS(w, listed) && !HAS(w, taken))

inline claim_due(w, max) {
    n = 0;
    for (i : 0 .. ALL - 1) {
        if
        :: n < max && DUE(i) ->
            claim[i] = (w) + 1; ended[i] = false; held[i] = true; HAND(w, i) = listed; n++;
            printf("worker %d claims notice %d\n", w, i)
        :: else
        fi
    }
    wrote();
    worker[w] = working
}

proctype Worker(byte w) {
end:
    do
    :: d_step { UP && worker[w] == resting && FREE && ANY_DUE -> claim_due(w, ALL) }
    :: d_step { UP && worker[w] == resting && FREE && ANY_DUE -> claim_due(w, 1) }
#ifdef MARK_FIRST
    :: d_step { MAY_SEND(w) && FREE && notice[NEXT(w)] == pending -> notice[NEXT(w)] = handed_over }
    :: d_step { MAY_SEND(w) && notice[NEXT(w)] == handed_over ->
        j = NEXT(w); mta_takes(j); HAND(w, j) = taken }
#else
    :: d_step { MAY_SEND(w) -> j = NEXT(w); mta_takes(j); HAND(w, j) = taken }
#endif
    :: d_step { UP && HAS(w, taken) -> j = (HAND(w, 0) == taken -> 0 : ALL - 1); HAND(w, j) = ok }
    /* Not now: this one, or none of them because the MTA is away, or was not even reached. */
    :: d_step { MAY_SEND(w) && FAULT -> faults++; HAND(w, NEXT(w)) = again; printf("not now\n") }
    :: d_step { MAY_SEND(w) && FAULT ->
        faults++; HAND(w, NEXT(w)) = again; worker[w] = giving_back; printf("the MTA is away\n") }
    :: d_step { MAY_SEND(w) && FAULT -> faults++; worker[w] = giving_back; printf("no MTA\n") }
#ifdef LOSE_250
    :: d_step { UP && HAS(w, taken) && FAULT ->
        faults++; j = (HAND(w, 0) == taken -> 0 : ALL - 1); HAND(w, j) = again }
#endif
#ifdef GIVE_BACK_UNMARKED
    :: d_step { UP && worker[w] == giving_back && FREE ->
#else
    :: d_step { UP && worker[w] == giving_back && FREE && !UNMARKED(w) ->
        if :: HAS(w, listed) -> SAW(saw_wait) :: else fi;
#endif
        unclaim(w);
        printf("worker %d gives back\n", w);
        for (i : 0 .. ALL - 1) { if :: HAND(w, i) == listed -> HAND(w, i) = nothing :: else fi }
        worker[w] = resting }
    :: d_step { UP && worker[w] == giving_back && FREE && !UNMARKED(w) && FAULT ->
        for (i : 0 .. ALL - 1) {
            if :: HAND(w, i) == listed -> HAND(w, i) = nothing; held[i] = false :: else fi
        }
        faults++; worker[w] = resting; printf("claims could not be given back\n") }
    :: d_step { UP && worker[w] == working && !HAS(w, listed) && !HAS(w, taken) ->
        worker[w] = resting }
    od
}

inline mark_all() {
    for (j : 0 .. WORKERS - 1) {
        for (i : 0 .. ALL - 1) {
            if
            :: HAND(j, i) == ok || HAND(j, i) == again ->
                held[i] = false;
                if
                :: notice[i] == pending -> claim[i] = 0; ended[i] = false;
                    notice[i] = (HAND(j, i) == ok -> handed_over : pending);
                    printf("notice %d is marked %e\n", i, notice[i])
                :: else
                fi;
                HAND(j, i) = nothing
            :: else
            fi
        }
    }
    wrote()
}

/* What a failed commit leaves: the results, for the next one, and what they hold. */
inline mark_none() {
    for (j : 0 .. WORKERS - 1) {
        for (i : 0 .. ALL - 1) {
            if
            :: HAND(j, i) == ok || HAND(j, i) == again ->
#ifdef LET_GO_EARLY
                held[i] = false
#endif
#ifdef FORGET_MARKS
                HAND(j, i) = nothing
#endif
                skip
            :: else
            fi
        }
    }
}

#define ANY_UNMARKED (UNMARKED(0) || UNMARKED(WORKERS - 1))

proctype Marker() {
end:
    do
    :: d_step { UP && FREE && ANY_UNMARKED -> mark_all() }
    :: d_step { UP && FREE && ANY_UNMARKED && FAULT ->
        faults++; mark_none(); printf("no marks\n") }
    od
}

#define IN_HAND(i) (HAND(0, i) != nothing || HAND(WORKERS - 1, i) != nothing)
#define OVERDUE(i) (held[i] && !IN_HAND(i))

proctype Clock() {
end:
    do
#ifndef NO_LEASE
    :: d_step { claim[0] > 0 && !ended[0] -> ended[0] = true; printf("lease 0 ends\n") }
    :: d_step { ALL > 1 && claim[ALL - 1] > 0 && !ended[ALL - 1] ->
        ended[ALL - 1] = true; printf("lease %d ends\n", ALL - 1) }
    :: d_step { OVERDUE(0) -> held[0] = false }
    :: d_step { OVERDUE(ALL - 1) -> held[ALL - 1] = false }
#endif
    :: false /* so that there is always an option */
    od
}

/* ---- the daemon as a whole */

proctype Start() {
end:
    do
    :: d_step { up == 0 -> up = 1; printf("start\n") }
    :: d_step { up > 0 && up <= WORKERS ->
#ifndef NO_TAKE_OVER
        for (i : 0 .. ALL - 1) {
            if :: claim[i] == up && notice[i] == pending -> SAW(saw_take_back) :: else fi
        }
        unclaim(up - 1);
#endif
        up++ }
    od
}

inline lose_memory() {
    up = 0;
    lock = 0;
    for (i : 0 .. PATHS - 1) {
        session[i] = idle;
        mail[i] = (mail[i] == waiting -> said_4xx : mail[i])
    }
    for (i : 0 .. WORKERS - 1) { worker[i] = resting }
    for (i : 0 .. WORKERS * ALL - 1) { hand[i] = nothing }
    for (i : 0 .. ALL - 1) {
        held[i] = false;
        took[i] = (took[i] == once && notice[i] == pending -> excused : took[i])
    }
    limbo = 0;
    faults++;
    printf("crash\n")
}

proctype Crash() {
end:
    do
    :: d_step { up > 0 && FAULT -> lose_memory() }
    /* A commit that failed while syncing may be found in the file after all. */
    :: d_step { up > 0 && FAULT && limbo > 0 ->
        j = limbo - 1; record(j); SAW(saw_limbo); lose_memory() }
    od
}

init {
    atomic {
        up = WORKERS + 1;
        for (n : 0 .. PATHS - 1) { run Sender(n); run Session(n) }
        for (n : 0 .. WORKERS - 1) { run Worker(n) }
        run Marker(); run Clock(); run Start(); run Crash()
    }
}

/* ---- the laws */

#define AT_REST(path) (mail[path] == content)
#define GONE(i)       (took[i] != not_yet)
#define TOLD(key)     (GONE((key) * NOTICES) && GONE((key) * NOTICES + NOTICES - 1))

/* The first six that follow in one search; they stand alone to be refuted by name. */
ltl always {
    [] !(answered_too_early || deferred_with_remains || sent_without_record || second_set
        || sent_twice || other_id) }
ltl law3_answer_follows_commit { [] !answered_too_early }
ltl law3_deferred_leaves_nothing { [] !deferred_with_remains }
ltl law3_sent_is_recorded { [] !sent_without_record }
ltl law4_one_set { [] !second_set }
ltl law4_repeat_only_in_window { [] !sent_twice }
ltl law4_same_message_id { [] !other_id }
/* The next two hold of every run that goes on while it can: no step comes again without
 * a fault, so no fairness is asked for.  DEAF has an endless run, and asks for it. */
ltl law3_every_sender_gets_250 { <> (AT_REST(0) && AT_REST(1) && AT_REST(PATHS - 1)) }
ltl law4_nothing_lost {
    [] ((answered[0] -> <> TOLD(0)) && (answered[KEYS - 1] -> <> TOLD(KEYS - 1))) }

#ifdef WITNESS
ltl no_repeat { [] !saw_repeat }
ltl no_duplicate { [] !saw_duplicate }
ltl no_deferred { [] !saw_deferred }
ltl no_limbo { [] !saw_limbo }
ltl no_take_back { [] !saw_take_back }
ltl no_wait { [] !saw_wait }
#endif
