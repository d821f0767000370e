/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* What a person at a keyboard gets wrong in a template or layout: each case is one edit of a
 * sound file, and the fault must be told at its line and column, in the words given, and be
 * the only one. */
#include "template.h"

#include <glib/gstdio.h>
#include <string.h>

/* The sound files; test_sound() shows that they are. */
static const char sound_template[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                          /* 1 */
    "<template version=\"1\" id=\"open-telnet\">\n"                         /* 2 */
    "  <match><title>Offene Telnet-Server</title></match>\n"                /* 3 */
    "  <columns>asn ip timestamp port</columns>\n"                          /* 4 */
    "  <notice xml:lang=\"de\">\n"                                          /* 5 */
    "    <subject>Telnet auf <addresses/></subject>\n"                      /* 6 */
    "    <p>Größe: <one>ein System</one><many><count/> Systeme</many> am\n" /* 7 */
    "       <field name=\"first-time\"/> gesehen.</p>\n"                    /* 8 */
    "    <list><item>eins</item></list>\n"                                  /* 9 */
    "    <link href=\"https://example.net/a?b=1&amp;c=2\">Mehr</link>\n"    /* 10 */
    "    <use block=\"thanks\"/>\n"                                         /* 11 */
    "  </notice>\n"                                                         /* 12 */
    "  <notice xml:lang=\"en\">\n"                                          /* 13 */
    "    <subject>Telnet on <addresses/></subject>\n"                       /* 14 */
    "    <p>Please act.</p>\n"                                              /* 15 */
    "  </notice>\n"                                                         /* 16 */
    "</template>\n";                                                        /* 17 */

static const char sound_layout[] = "<layout version=\"1\" id=\"default\">\n"              /* 1 */
                                   "  <languages>de en</languages>\n"                     /* 2 */
                                   "  <from>Abuse &lt;abuse@example.net&gt;</from>\n"     /* 3 */
                                   "  <table position=\"end\"/>\n"                        /* 4 */
                                   "  <header name=\"X-OTRS-Queue\">Abuse</header>\n"     /* 5 */
                                   "  <text xml:lang=\"de\">\n"                           /* 6 */
                                   "    <more>und <count/> weitere</more>\n"              /* 7 */
                                   "    <greeting><p>Guten Tag,</p></greeting>\n"         /* 8 */
                                   "    <signature><use block=\"thanks\"/></signature>\n" /* 9 */
                                   "    <block name=\"thanks\"><p>Danke</p></block>\n"    /* 10 */
                                   "  </text>\n"                                          /* 11 */
                                   "  <text xml:lang=\"en\">\n"                           /* 12 */
                                   "    <more>and <count/> more</more>\n"                 /* 13 */
                                   "    <block name=\"thanks\"><p>Thanks</p></block>\n"   /* 14 */
                                   "  </text>\n"                                          /* 15 */
                                   "</layout>\n";                                         /* 16 */

/* In <template>, <notice> and <p>, so the limit of elements is one in 16 of P8 P8. */
#define IF      "<if field=\"class\">"
#define IF8     IF IF IF IF IF IF IF IF
#define IF8_END "</if></if></if></if></if></if></if></if>"
#define P8      "<p><p><p><p><p><p><p><p>"
#define P8_END  "</p></p></p></p></p></p></p></p>"

typedef enum { TEMPLATE, LAYOUT } Which;

static const struct {
    const char *name;
    Which which;
    const char *old, *new_; /* the first old in the file becomes new_; NULL: all of it */
    const char *want;       /* begin of the fault behind the file's name */
} cases[] = {
    /* XML */
    { "tag-not-closed", TEMPLATE, "act.</p>", "act.",
      ":16:3: </notice> while <p> of 15:5 is open, expected </p> before it, or <p/> there if it is "
      "empty" },
    { "tag-not-closed-inner", TEMPLATE, "<item>eins</item>", "<item>eins",
      ":9:21: </list> while <item> of 9:11 is open, expected </item> before it, or <item/> there "
      "if it is empty" },
    { "tag-closed-wrongly", TEMPLATE, "act.</p>", "act.</pp>",
      ":15:19: </pp> closes nothing, expected </p> for <p> of 15:5" },
    { "tag-closed-in-other-order", TEMPLATE, "</one>", "</many>",
      ":7:30: </many> closes nothing, expected </one> for <one> of 7:15" },
    { "tag-closed-twice", TEMPLATE, "</item></list>", "</item></list></list>",
      ":9:35: </list> closes nothing, expected </notice> for <notice> of 5:3" },
    { "slash-forgotten", TEMPLATE, "<addresses/>", "<addresses>",
      ":6:36: </subject> while <addresses> of 6:25 is open, expected </addresses> before it, or "
      "<addresses/> there if it is empty" },
    { "angle-forgotten", TEMPLATE, "<p>Please", "<p Please",
      ":15:8: attribute Please in <p> lacks its value, expected Please=\"...\" (or a > before "
      "it)" },
    { "angle-forgotten-at-end", TEMPLATE, "act.</p>", "act.</p",
      ":15:19: the tag </p lacks its >" },
    { "file-cut", TEMPLATE, "</template>\n", "",
      ":2:1: <template> is not closed, expected </template> before the end of the file" },
    { "less-than", TEMPLATE, "Please", "if x < 5 please",
      ":15:13: a < that begins no tag, expected &lt;" },
    { "ampersand-in-text", TEMPLATE, "Please act", "Please act & tell",
      ":15:19: a & by itself, expected &amp; (also within a web address)" },
    { "ampersand-in-url", TEMPLATE, "&amp;c", "&c",
      ":10:42: a & by itself, expected &amp; (also within a web address)" },
    { "ampersand-entity-in-url", TEMPLATE, "&amp;c=2", "&copy;=2",
      ":10:42: &copy; is HTML's alone, expected the character itself, © or &#169;" },
    { "html-nbsp", TEMPLATE, "Please act", "Please&nbsp;act",
      ":15:14: &nbsp; is HTML's alone, expected the character itself or &#160;" },
    { "html-umlaut", TEMPLATE, "Größe: ", "Gr&ouml;ße: ",
      ":7:10: &ouml; is HTML's alone, expected the character itself, ö or &#246;" },
    { "entity-typo", TEMPLATE, "&amp;c", "&apm;c",
      ":10:42: unknown entity &apm;, did you mean &amp;? expected the character itself, or its "
      "number as in &#160;" },
    { "entity-without-semicolon", TEMPLATE, "&amp;c", "&ampc",
      ":10:42: a & by itself, expected &amp; (also within a web address)" },
    { "number-beyond", TEMPLATE, "Please", "&#1114112;Please",
      ":15:8: &#1114112; is no character of XML, expected another number" },
    { "number-empty", TEMPLATE, "Please", "&#;Please",
      ":15:8: &# without a number and ; behind it, expected for example &#160;" },
    { "latin1-umlaut", TEMPLATE, "Größe",
      "Gr\xf6\xdf"
      "e",
      ":7:10: byte 0xF6 is not UTF-8; in a Windows or Latin-1 file it is ö, expected the file "
      "saved as UTF-8 (iconv -f WINDOWS-1252 -t UTF-8)" },
    { "windows-quote", TEMPLATE, "Please", "\x84Please",
      ":15:8: byte 0x84 is not UTF-8; in a Windows or Latin-1 file it is „, expected the file "
      "saved as UTF-8 (iconv -f WINDOWS-1252 -t UTF-8)" },
    { "typographic-quotes", TEMPLATE, "\"first-time\"", "„first-time“",
      ":8:20: name= with the typographic quote „, expected the plain name=\"...\"" },
    { "no-quotes", TEMPLATE, "\"first-time\"", "first-time",
      ":8:20: value of name without quotes, expected name=\"...\"" },
    { "quote-not-closed", TEMPLATE, "\"first-time\"", "\"first-time",
      ":8:20: the quote behind name= is not closed before the next <, expected another \" (a < "
      "itself is written &lt;)" },
    { "attribute-without-value", TEMPLATE, "<use block=\"thanks\"/>", "<use block/>",
      ":11:10: attribute block in <use> lacks its value, expected block=\"...\" (or a > before "
      "it)" },
    { "attribute-twice", TEMPLATE, "<use ", "<use block=\"a\" ",
      ":11:20: attribute block stands twice in <use>, expected once" },
    { "attributes-together", TEMPLATE, "\"1\" id", "\"1\"id",
      ":2:22: \"i\" in the tag <template>, expected a blank or a >" },
    { "comment-dashes", TEMPLATE, "  <columns>", "  <!-- a -- b --><columns>",
      ":4:10: -- within a comment, expected no two hyphens before its -->" },
    { "comment-not-closed", TEMPLATE, "  <columns>", "  <!-- a > <columns>",
      ":4:3: the comment is not closed, expected -->" },
    { "cdata-not-closed", TEMPLATE, "Please", "<![CDATA[Please",
      ":15:8: <![CDATA[ is not closed, expected ]]>" },
    { "instruction-not-closed", TEMPLATE, "  <columns>", "  <?a <columns>",
      ":4:3: the instruction <?... is not closed, expected ?>" },
    { "declaration-not-first", TEMPLATE, "<?xml", "\n<?xml",
      ":2:1: <?xml ...?> stands behind something, expected it as the very first of the file, "
      "without a blank or an empty line before it" },
    { "doctype-of-html", TEMPLATE, "?>\n", "?>\n<!DOCTYPE html>\n",
      ":2:1: <!DOCTYPE> is not allowed, expected none" },
    { "second-template", TEMPLATE, "</template>", "</template>\n<template/>",
      ":18:1: <template> behind </template>, expected the end of the file: one template or layout "
      "in each" },
    { "text-behind", TEMPLATE, "</template>", "</template>\nsee above",
      ":18:1: text behind </template>, expected the end of the file" },
    { "text-before", TEMPLATE, "?>\n", "?>\nTODO\n",
      ":2:1: text before the first tag, expected <template> or <layout>" },
    { "control-character", TEMPLATE, "Please", "Please\x0c",
      ":15:14: control character 0x0C, expected none" },
    { "control-by-number", TEMPLATE, "Please", "Please&#x85;",
      ":15:8: control character in the text, expected none" },
    { "line-end-in-attribute", TEMPLATE, "?b=1", "\n?b=1",
      ":10:11: href=\"https://example.net/a ?b=1&c=2\", expected https://, http:// or mailto: and "
      "no blank" },
    { "unknown-prefix", TEMPLATE, "<p>Please", "<x:p/><p>Please",
      ":15:9: not well-formed XML: Namespace prefix x on p is not defined" },
    /* elements and attributes */
    { "element-typo", TEMPLATE, "<field ", "<felid ",
      ":8:8: unknown element <felid> in <p>, did you mean <field>? expected <field>, <count>, "
      "<addresses>, <networks>, <column>, <link>, <br>, <one>, <many> or <if>" },
    { "element-case", TEMPLATE, "<p>Please act.</p>", "<P>Please act.</P>",
      ":15:5: unknown element <P> in <notice>, did you mean <p>? expected " },
    { "element-bold", TEMPLATE, "Please", "<b>Please</b>",
      ":15:8: <b> of HTML in <p>, which notices don't have; expected the words without it" },
    { "element-of-html-list", TEMPLATE, "<list><item>eins</item></list>", "<ul><li>eins</li></ul>",
      ":9:5: <ul> of HTML in <notice>, which notices don't have; expected <list>" },
    { "element-of-html-link", TEMPLATE, "Please", "<a href=\"https://example.net/\">Please</a>",
      ":15:8: <a> of HTML in <p>, which notices don't have; expected <link href=\"...\">" },
    { "element-out-of-place", TEMPLATE, "Please", "<item>Please</item>",
      ":15:8: <item> can't stand in <p>, expected <field>, <count>, <addresses>, <networks>, <column>, "
      "<link>, <br>, <one>, <many> or <if>" },
    { "element-twice", TEMPLATE, "    <p>Please", "    <subject>x</subject>\n    <p>Please",
      ":15:5: <subject> stands twice in <notice>, expected one" },
    { "subject-missing", TEMPLATE, "<subject>Telnet on <addresses/></subject>", "",
      ":13:3: <notice> lacks <subject>" },
    { "text-loose", TEMPLATE, "<p>Please act.</p>", "<p>Please act.</p>\n  And now",
      ":16:3: text in <notice>, expected <subject>, <p>, <list>, <pre>, <link>, <use>, "
      "<quotation>, <still-open>, <told-before> or <if>" },
    { "list-empty", TEMPLATE, "<item>eins</item>", "", ":9:5: <list> lacks <item>" },
    { "version-other", TEMPLATE, "<template version=\"1\"", "<template version=\"2\"",
      ":2:11: version=\"2\" in <template>, expected \"1\"" },
    { "attribute-typo", TEMPLATE, "<field name", "<field nmae",
      ":8:15: unknown attribute nmae in <field>, did you mean name?; expected name "
      "or zone" },
    { "attribute-missing", TEMPLATE, "<use block=\"thanks\"/>", "<use/>",
      ":11:5: <use> lacks its attribute block=\"...\"" },
    { "attribute-none", TEMPLATE, "<p>Please", "<p style=\"color:red\">Please",
      ":15:8: unknown attribute style in <p>; expected none" },
    { "group-by-typo", TEMPLATE, "xml:lang=\"de\"", "xml:lang=\"de\" group-by=\"adress\"",
      ":5:25: group-by=\"adress\" in <notice>, did you mean \"address\"? expected \"customer\" or "
      "\"address\"" },
    { "lang-without-xml", TEMPLATE, "xml:lang=\"en\"", "lang=\"en\"",
      ":13:11: unknown attribute lang in <notice>, did you mean xml:lang?; expected xml:lang or "
      "group-by" },
    { "root-typo", TEMPLATE, NULL, "<tempalte version=\"1\" id=\"x\"/>\n",
      ":1:1: unknown element <tempalte> as the outermost one, did you mean <template>? expected "
      "<template> or <layout>" },
    { "root-of-html", TEMPLATE, NULL, "\n<html><p>x</p></html>\n",
      ":2:1: unknown element <html> as the outermost one, expected <template> or <layout>" },
    { "file-empty", TEMPLATE, NULL, "",
      ":1:1: nothing in the file, expected <template> or <layout>" },
    { "file-utf-16", TEMPLATE, NULL, "\xff\xfe<",
      ":1:1: the file is UTF-16, expected it saved as UTF-8 (iconv -f UTF-16 -t UTF-8)" },
    { "file-text", TEMPLATE, NULL, "Dear customer,\n",
      ":1:1: text before the first tag, expected <template> or <layout>" },
    /* names */
    { "field-typo", TEMPLATE, "\"first-time\"", "\"frist-time\"",
      ":8:15: unknown field \"frist-time\", did you mean \"first-time\"?" },
    { "field-unknown", TEMPLATE, "\"first-time\"", "\"temperature\"",
      ":8:15: unknown field \"temperature\"" },
    { "block-typo", TEMPLATE, "\"thanks\"", "\"thansk\"",
      ":11:10: layout \"default\" has no block \"thansk\" in language de, did you mean "
      "\"thanks\"?; expected <block name=\"thansk\"> at layout.xml:6:9" },
    { "column-typo", TEMPLATE, "timestamp port", "timestmap port",
      ":4:19: class open-telnet has no column \"timestmap\", did you mean \"timestamp\"?; expected "
      "some of: asn ip timestamp port banner" },
    { "column-of-another-class", TEMPLATE, "timestamp port", "timestamp\n  workgroup",
      ":5:3: class open-telnet has no column \"workgroup\"; expected some of: asn ip timestamp "
      "port banner" },
    { "column-comma", TEMPLATE, "asn ip", "asn, ip",
      ":4:12: class open-telnet has no column \"asn,\", did you mean \"asn\"?; expected some of: "
      "asn ip timestamp port banner" },
    { "column-twice", TEMPLATE, "timestamp port", "timestamp ip",
      ":4:29: column \"ip\" is named twice, expected once" },
    { "id-odd", TEMPLATE, "\"open-telnet\"", "\"Open Telnet\"",
      ":2:23: id=\"Open Telnet\", expected 1 to 60 of a-z, 0-9 and -" },
    { "title-empty", TEMPLATE, "<title>Offene Telnet-Server</title>",
      "<title>Offene Telnet-Server</title><title/>",
      ":3:45: empty <title>, expected one of CERT-Bund's" },
    { "language-odd", TEMPLATE, "xml:lang=\"en\"", "xml:lang=\"English\"",
      ":13:11: xml:lang=\"English\", expected a language such as de or en" },
    { "language-twice", TEMPLATE, "xml:lang=\"en\"", "xml:lang=\"de\"",
      ":13:11: a second <notice xml:lang=\"de\">, expected one per language" },
    { "subject-empty", TEMPLATE, "Telnet on <addresses/>", "<one>Telnet</one>",
      ":13:11: the subject may be empty (several addresses), expected text in it" },
    { "link-without-scheme", TEMPLATE, "https://example.net", "www.example.net",
      ":10:11: href=\"www.example.net/a?b=1&c=2\", expected https://, http:// or mailto: and no "
      "blank" },
    { "link-blank", TEMPLATE, "?b=1", "? b=1",
      ":10:11: href=\"https://example.net/a? b=1&c=2\", expected https://, http:// or mailto: and "
      "no blank" },
    { "link-script", TEMPLATE, "https://example.net", "javascript:x",
      ":10:11: href=\"javascript:x/a?b=1&c=2\", expected https://, http:// or mailto: and no "
      "blank" },
    /* conditions, cells, zones, samples */
    { "if-asks-nothing", TEMPLATE, "Please act", "<if>Please</if> act",
      ":15:8: <if> asks nothing clear, expected field=\"...\" or column=\"...\"" },
    { "if-asks-twice", TEMPLATE, "Please act", "<if field=\"class\" column=\"port\">Please</if> act",
      ":15:8: <if> asks nothing clear" },
    { "if-is-and-is-not", TEMPLATE, "Please act",
      "<if field=\"class\" is=\"a\" is-not=\"b\">Please</if> act",
      ":15:8: <if> asks nothing clear" },
    { "if-field-typo", TEMPLATE, "Please act", "<if field=\"customer-kidn\">Please</if> act",
      ":15:8: unknown field \"customer-kidn\", did you mean \"customer-kind\"?" },
    { "if-kind-typo", TEMPLATE, "Please act",
      "<if field=\"customer-kind\" is=\"reseler\">Please</if> act",
      ":15:8: field \"customer-kind\" is never \"reseler\", did you mean \"reseller\"?; expected one of "
      "consumer, business, reseller" },
    { "if-severity-unknown", TEMPLATE, "Please act",
      "<if field=\"severity\" is=\"bad\">Please</if> act",
      ":15:8: field \"severity\" is never \"bad\"; expected one of low, medium, high" },
    { "if-column-typo", TEMPLATE, "Please act", "<if column=\"prot\">Please</if> act",
      ":15:8: class open-telnet has no column \"prot\", did you mean \"port\"?" },
    { "if-one-too-many", TEMPLATE, "Please act", IF8 IF "Please" "</if>" IF8_END " act",
      ":15:152: more than 8 <if> in each other, expected fewer" },
    { "elements-at-limit", TEMPLATE, "Please act", P8 P8 "<p/>" P8_END P8_END,
      ":15:8: <p> can't stand in <p>" },
    { "elements-one-too-many", TEMPLATE, "Please act", P8 P8 "<p><p/></p>" P8_END P8_END,
      ":15:59: <p> stands in 20 other elements, expected fewer" },
    { "if-block-within", TEMPLATE, "<use block=\"thanks\"/>",
      "<if field=\"class\"><use block=\"thansk\"/></if>",
      ":11:28: layout \"default\" has no block \"thansk\"" },
    { "if-text-loose", TEMPLATE, "<use block=\"thanks\"/>", "<if field=\"class\">so</if>",
      ":11:23: text in <if>, expected <p>" },
    { "column-in-text-unknown", TEMPLATE, "Please act", "Please <column name=\"workgroup\"/>",
      ":15:23: class open-telnet has no column \"workgroup\"" },
    { "column-max-zero", TEMPLATE, "Please act", "Please <column name=\"port\" max=\"0\"/>",
      ":15:23: max is 0, expected 1 to 99" },
    { "addresses-max-large", TEMPLATE, "Please act", "Please <addresses max=\"100\"/>",
      ":15:15: max is too large, expected 1 to 99" },
    { "networks-max-large", TEMPLATE, "Please act", "Please <networks max=\"100\"/>",
      ":15:15: max is too large, expected 1 to 99" },
    { "networks-typo", TEMPLATE, "Please act", "Please <network/>",
      ":15:15: unknown element <network> in <p>, did you mean <networks>?" },
    { "subject-of-networks", TEMPLATE, "Telnet on <addresses/>", "<networks/>",
      ":13:11: the subject may be empty (one address)" },
    { "hide-typo", LAYOUT, "position=\"end\"", "position=\"end\" hide=\"asn baner\"",
      ":4:25: warning: no report is known to have a column \"baner\", did you mean \"banner\"?" },
    { "hide-in-form-typo", LAYOUT, "position=\"end\"", "form=\"table hide=baner hide=IP-address\"",
      ":4:10: warning: no report is known to have a column \"baner\", did you mean \"banner\"?" },
    { "hide-in-template-typo", TEMPLATE, "<columns>", "<columns form=\"hide=baner\">",
      ":4:12: warning: no report is known to have a column \"baner\", did you mean \"banner\"?" },
    { "label-column-typo", LAYOUT, "<greeting><p>Guten", "<label column=\"src_prt\">Von</label>"
      "<greeting><p>Guten",
      ":8:12: warning: no report is known to have a column \"src_prt\", did you mean \"src_port\"? "
      "expected one that" },
    { "label-column-unknown", LAYOUT, "<greeting><p>Guten", "<label column=\"quanten\">Von</label>"
      "<greeting><p>Guten",
      ":8:12: warning: no report is known to have a column \"quanten\"; expected one that" },
    { "label-twice", LAYOUT, "<greeting><p>Guten", "<label column=\"ip\">A</label>"
      "<label column=\"IP address\">B</label><greeting><p>Guten",
      ":8:40: column \"IP address\" has two labels in language de, expected one" },
    { "label-empty", LAYOUT, "<greeting><p>Guten", "<label column=\"ip\"> </label>"
      "<greeting><p>Guten", ":8:24: label \"\", expected 1 to 40 characters and no colon" },
    { "label-colon", LAYOUT, "<greeting><p>Guten", "<label column=\"ip\">A: b</label>"
      "<greeting><p>Guten", ":8:24: label \"A: b\", expected 1 to 40 characters and no colon" },
    { "label-too-long", LAYOUT, "<greeting><p>Guten", "<label column=\"ip\">"
      "äöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäö</label><greeting><p>Guten",
      ":8:24: label \"äöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäö\", expected 1 to 40" },
    { "zone-unknown", TEMPLATE, "\"first-time\"", "\"first-time\" zone=\"Europe/Berlni\"",
      ":8:15: unknown zone \"Europe/Berlni\"" },
    { "zone-of-no-time", TEMPLATE, "\"first-time\"", "\"class\" zone=\"Europe/Berlin\"",
      ":8:15: field \"class\" has no zone" },
    { "ticket-in-subject", TEMPLATE, "Telnet on <addresses/>",
      "<field name=\"ticket\"/>: Telnet on <addresses/>",
      ":14:21: field \"ticket\" in a subject" },
    { "subject-of-condition", TEMPLATE, "Telnet on <addresses/>",
      "<if column=\"port\">Telnet</if>",
      ":13:11: the subject may be empty (one address)" },
    { "sample-of-one", TEMPLATE, "  <columns>",
      "  <sample>asn,ip,timestamp,port\n64496,192.0.2.1,x,23</sample><columns>",
      ":4:11: <sample> has 1 rows below its header, expected 2 or more" },
    { "sample-ragged", TEMPLATE, "  <columns>",
      "  <sample>asn,ip,timestamp,port\n1,2,3,4\n1,2</sample><columns>",
      ":4:11: <sample>: " },
    { "sample-column", TEMPLATE, "  <columns>",
      "  <sample>asn,ip,tiem,port\n1,2,3,4\n1,2,3,4</sample><columns>",
      ":4:11: class open-telnet has no column \"tiem\"" },
    /* layouts */
    { "subject-without-template", LAYOUT, "    <more>und", "    <subject>[x]</subject><more>und",
      ":7:14: <subject> has <template/> 0 times, expected once" },
    { "subject-with-two", LAYOUT, "    <more>und",
      "    <subject><template/><template/></subject><more>und",
      ":7:14: <subject> has <template/> 2 times, expected once" },
    { "from-name-alone", LAYOUT, "Abuse &lt;abuse@example.net&gt;", "Abuse",
      ":3:9: <from> holds \"Abuse\", expected one mailbox such as Abuse Management "
      "&lt;abuse@example.net&gt;" },
    { "from-brackets", LAYOUT, "Abuse &lt;abuse@example.net&gt;", "Abuse <abuse@example.net>",
      ":3:21: \"@\" in the tag <abuse>, expected a blank or a >" },
    { "position-typo", LAYOUT, "\"end\"", "\"ende\"",
      ":4:10: position=\"ende\" in <table>, did you mean \"end\"? expected \"start\", "
      "\"after-greeting\" or \"end\"" },
    { "sound-number-beside", LAYOUT, "\"end\"", "\"end\" max-rows=\"65535\" bom=\"maybe\"",
      ":4:42: bom=\"maybe\" in <table>, expected \"yes\" or \"no\"" },
    { "header-reserved", LAYOUT, "\"X-OTRS-Queue\"", "\"Reply-To\"",
      ":5:11: header \"Reply-To\" is not a layout's to set, expected another one" },
    { "header-colon", LAYOUT, "\"X-OTRS-Queue\"", "\"X-OTRS-Queue:\"",
      ":5:11: header name \"X-OTRS-Queue:\", expected at most 60 letters, digits and hyphens" },
    { "languages-without-text", LAYOUT, "de en", "de en fr",
      ":2:20: language fr has no text, expected <text xml:lang=\"fr\">" },
    { "languages-twice", LAYOUT, "de en", "de en de",
      ":2:20: language de is named twice, expected once" },
    { "more-missing", LAYOUT, "<more>and <count/> more</more>", "", ":12:3: <text> lacks <more>" },
    { "text-not-listed", LAYOUT, "de en", "de",
      ":12:9: language en is not in <languages>, expected it there" },
    { "block-twice", LAYOUT, "    <signature>", "    <block name=\"thanks\"/><signature>",
      ":10:12: block \"thanks\" stands twice in language de, expected one" },
    { "block-missing", LAYOUT, "<use block=\"thanks\"/>", "<use block=\"thank\"/>",
      ":9:21: no block \"thank\" in language de of this layout, did you mean \"thanks\"?; expected "
      "<block name=\"thank\">" },
};

static void put(const char *directory, const char *name, const char *content)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autoptr(GError) error = NULL;
    g_file_set_contents(path, content, -1, &error);
    g_assert_no_error(error);
}

/* The faults of a directory of these files, whose name they lose; NULL ends them. */
static char **faults_of(const char *template_, const char *other, const char *layout)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *directory = g_dir_make_tmp("certbund-faults-XXXXXX", &error);
    g_assert_no_error(error);
    const char *const directories[] = { directory, NULL };
    static const char *const names[] = { "template.xml", "layout.xml", "other.xml" };
    const char *const contents[] = { template_, layout, other };
    g_autoptr(Faults) faults = faults_new();
    GPtrArray *list = g_ptr_array_new();

    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        if (contents[i] != NULL)
            put(directory, names[i], contents[i]);
    g_autoptr(TemplateSet) set = templates_load(directories, faults);
    g_assert_true((set == NULL) == (faults_errors(faults) > 0));
    for (guint i = 0; i < faults_count(faults); i++) {
        g_autoptr(GString) text = g_string_new(faults_text(faults, i));
        g_autofree char *prefix = g_strconcat(directory, "/", NULL);
        g_string_replace(text, prefix, "", 0);
        g_ptr_array_add(list, g_string_free(g_steal_pointer(&text), FALSE));
    }
    g_ptr_array_add(list, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(directory, names[i], NULL);
        g_remove(path);
    }
    g_rmdir(directory);
    return (char **)g_ptr_array_free(list, FALSE);
}

static char *edit(const char *sound, const char *old, const char *new_)
{
    const char *at = old != NULL ? strstr(sound, old) : NULL;
    if (old == NULL)
        return g_strdup(new_);
    g_assert_nonnull(at);
    return g_strdup_printf("%.*s%s%s", (int)(at - sound), sound, new_, at + strlen(old));
}

static void test_sound(void)
{
    g_auto(GStrv) faults = faults_of(sound_template, NULL, sound_layout);
    g_autofree char *nested = edit(sound_template, "Please", IF8 "Please" IF8_END);
    g_auto(GStrv) nested_faults = faults_of(nested, NULL, sound_layout);
    g_assert_null(faults[0]);
    g_assert_null(nested_faults[0]);
}

static void test_case(gconstpointer data)
{
    guint i = GPOINTER_TO_UINT(data);
    gboolean is_layout = cases[i].which == LAYOUT;
    g_autofree char *edited =
        edit(is_layout ? sound_layout : sound_template, cases[i].old, cases[i].new_);
    g_auto(GStrv) faults =
        faults_of(is_layout ? sound_template : edited, NULL, is_layout ? edited : sound_layout);
    g_autofree char *want =
        g_strconcat(is_layout ? "layout.xml" : "template.xml", cases[i].want, NULL);
    g_autofree char *all = g_strjoinv("\n", faults);
    g_test_message("%s", all);
    g_assert_cmpuint(g_strv_length(faults), ==, 1);
    if (!g_str_has_prefix(faults[0], want))
        g_assert_cmpstr(faults[0], ==, want);
}

/* What shows only beside another file. */
static void test_sets(void)
{
    static const struct {
        const char *name, *other, *want;
    } sets[] = {
        { "same id in one directory",
          "<template version=\"1\" id=\"open-telnet\">\n  <match><title>A</title>",
          "template.xml:2:23: template \"open-telnet\" is also in other.xml" },
        { "same title, spelt otherwise",
          "<template version=\"1\" id=\"mine\">\n  <match><title>A</title><title>offener "
          "Telnet-Server</title>",
          "template.xml:3:17: title \"Offene Telnet-Server\" is also in other.xml:2:33, expected "
          "one "
          "template for it" },
        { "no class has the title",
          "<template version=\"1\" id=\"mine\">\n  <match><title>Offene Telnett-Sever</title>",
          "other.xml:2:17: warning: no class that is known has the title \"Offene Telnett-Sever\", "
          "did you mean \"Offene "
          "Telnet-Server\"? expected one of those" },
        { "no class has the title, nor one like it",
          "<template version=\"1\" id=\"mine\">\n  <match><title>Quanten</title>",
          "other.xml:2:17: warning: no class that is known has the title \"Quanten\", expected one "
          "of those" },
        { "another always wins",
          "<template version=\"1\" id=\"mine\">\n  <match><title>Openly accessible Telnet</title>",
          "other.xml:2:3: warning: no report gets this template: template.xml:3:3 has longer "
          "titles "
          "for all of its classes" },
        { "each has a class of its own",
          "<template version=\"1\" id=\"x\">\n  <match><title>Openly accessible</title>", NULL },
        { "none of the titles, but the id is a class's",
          "<template version=\"1\" id=\"open-redis\">\n  <match><title>Quanten</title>", NULL },
    };
    for (guint i = 0; i < G_N_ELEMENTS(sets); i++) {
        g_autofree char *other =
            g_strconcat(sets[i].other, strstr(sound_template, "</match>"), NULL);
        g_autofree char *text = edit(other, "asn ip timestamp port", "ip");
        g_autofree char *ours = edit(sound_template, "</title>",
                                     "</title><title>Openly accessible Telnet servers</title>");
        g_auto(GStrv) faults = faults_of(ours, text, sound_layout);
        g_autofree char *all = g_strjoinv("\n", faults);
        g_test_message("%s: %s", sets[i].name, all);
        g_assert_cmpuint(g_strv_length(faults), ==, sets[i].want != NULL ? 1 : 0);
        if (sets[i].want != NULL && !g_str_has_prefix(faults[0], sets[i].want))
            g_assert_cmpstr(faults[0], ==, sets[i].want);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/template-faults/sound", test_sound);
    g_test_add_func("/template-faults/sets", test_sets);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/template-faults/", cases[i].name, NULL);
        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_case);
    }
    return g_test_run();
}
