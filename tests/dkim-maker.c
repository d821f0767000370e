/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

#include "dkim-maker.h"

#include <opendkim/dkim.h>
#include <string.h>

static const struct {
    const char *secret, *public;
} keys[] = {
    [MAKER_RSA_2048] = {
      "-----BEGIN RSA PRIVATE KEY-----\n"
      "MIIEogIBAAKCAQEA0gote6O2ildCzciiTbq5flmhEuHTVeHgj3va8i1TiiJNvV65\n"
      "qPwQBE52PpU3VaWTTP9zMcsDnMTlT9p6swbSHN2k4SHn85W5RUj0Rejxz0HeYdpF\n"
      "cbcIlHHmsR9itm/zKOZp39G/BqktqNVdgNdjHobs/oasL1g6L5VX+4K3YQIN3ntf\n"
      "9vTr+6MlTfo8ACDTUbfTKeXw9oMjC9RXJL8tm7yRHbcLrdte3Or+HsU8L9v1pkBe\n"
      "DgtNNjdZol/eA3IjTTTtoRb6+yfcItMVetqtU3quCAAw+dru/XxDvz8D6xR7G69Q\n"
      "NhlZw9EPKyRy5gqUogiKY1BQclDQ48WVe5CVNQIDAQABAoIBAEdYJ6zopheFnm5x\n"
      "6ReIBnvxi/Hy/Ssd5341buB2Hvs7vbZGV8AbpoEf+bA2VS5laIxt9L4EHH0CsHWY\n"
      "W7c16ObfLqM+NiCaSe1L45Vfk8t3r0cDsjT3HBX4PokJhSk9C5Zn9ayN/VoQ2y6P\n"
      "EwyxnLyAzj2ClzgZuuHw04reEtYDFAQD32fHvtpOyPlFXzX3YBXXBK3tbu+UNezC\n"
      "uzUY6VgaVxeiax4bbwsh4Io92Gnm4tmcZ5hMGmoLBBIFwqOaAYKpegie5FPt9oIr\n"
      "OCxTxAbNNKdUvS8svRLXR6joIS4idzhkxl79oPu2Et+Qp4savqFVFwOxITXLj+iV\n"
      "hnReA90CgYEA7rkDcgwrrCAf5/mF4m2UqZch293squvRgG6HILuhKJcFmvC2U/cZ\n"
      "RfeK3mzQlDQBFbXd3OF4HqAMprIl4n78x8zZ0DEWuMtwaWNXN35O+vII8qB+Gzsz\n"
      "uu06PokWrfZlaYug/OVYNpo7c7p1IFuq+QBGAUfxMZS6RAz3SKkvaZ8CgYEA4T28\n"
      "D8bkoo+PTL059Y272kX5rQrWOS9I9QAUF74FGBuvBkDD65tnrtwwHYgjM0wBjUiE\n"
      "cELakLyhDhMtPpSzTmgjIBTUlRdp9OcXvqp4q/3dGgf2UgFgax5XW8T3VWOmmb8d\n"
      "HfhO92DXRs4JBUloM5Fu53GBIILMegvoVeKN+KsCgYAb8hytJS+XnssdZOB/eUSF\n"
      "9eNI0dn6yFBmMIoxEsXy8nr9gGBXw/15a1keYK6qKsxVtkyapupg62uPuBsnQKZm\n"
      "3VxCOvzl9Srbq31ySZ8FUYAqpw8cMPoFT/AZkgLNqqKEkIvwDwkcm0GKcrFzcEe7\n"
      "joSjccCShU6o2Lu6DdQ3EQKBgCROkzXn1YruoSa5idIvGozAotJl4Mou+Q+lB5gc\n"
      "JS4RqFDVt78OudPR4l+gRixKoCVp/w8pd5nFDiD6rlxcE9sbpi3RrcKql4XGimlN\n"
      "iU4QCcfcaLQnTKd3qJU+VrAI9B3sVIE0OWZe0dSz+XhEsOs/EiV0gl//NX6m1Lij\n"
      "YEcpAoGASCGiKeoy2liI7D8V2CDOzgnKZ4H35Ag2TnoM9rJI+rHkcgjZfiJ2aTuc\n"
      "CxiIVzqVUZwZt+X7eij0gPN64Yx7zpPL0HTR/yhs7EaX9wWWB75wAwWjbRCqP0ji\n"
      "rV22h05mA8VBOkK/iUYrozIFqfKySDJZT0NgYkSJoY9/KD4Nhsk=\n"
      "-----END RSA PRIVATE KEY-----\n",
      "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0gote6O2ildCzciiTbq5flmhEuHTVeHg"
      "j3va8i1TiiJNvV65qPwQBE52PpU3VaWTTP9zMcsDnMTlT9p6swbSHN2k4SHn85W5RUj0Rejxz0He"
      "YdpFcbcIlHHmsR9itm/zKOZp39G/BqktqNVdgNdjHobs/oasL1g6L5VX+4K3YQIN3ntf9vTr+6Ml"
      "Tfo8ACDTUbfTKeXw9oMjC9RXJL8tm7yRHbcLrdte3Or+HsU8L9v1pkBeDgtNNjdZol/eA3IjTTTt"
      "oRb6+yfcItMVetqtU3quCAAw+dru/XxDvz8D6xR7G69QNhlZw9EPKyRy5gqUogiKY1BQclDQ48WV"
      "e5CVNQIDAQAB" },
    [MAKER_RSA_1024] = {
      "-----BEGIN RSA PRIVATE KEY-----\n"
      "MIICXQIBAAKBgQDXMSNTDVczUFMl7/LgSUVO1AkY3np2IFfSbJJiXrfpMzGS7QVu\n"
      "yl3SFiDKbBHfhKwTRUtM0kT6EV2yI26iAUvMhSk4yFXybJJtoBI1jrbRatknn4HX\n"
      "byIJrUG+vlOXsVTmKn2kiQ4h6HKxO88ZrN5eK2zqlklC/aaN5oeyFcvt0wIDAQAB\n"
      "AoGAcN/Nb5rnynqvoo6iDxNfz2FZBDpucde1OSLKBd85CJFZx3+cAekUHUaOHJ9j\n"
      "IKMuv0zxmnIQzDqfsvjy5vdXEhHFUOFkZNtAqM7gpKLbCHzh8pxTGs3XZInM7Ri7\n"
      "wVqH1Afl6uICFoq3t2Yha8HNy6mrYD593EP8K1fvEhtuU4ECQQDzIOuI3u857DFc\n"
      "YfvCwO1TAZ1d33zddczwLsR+ucURqE4wqSUO9gZkJbRB0oMdiYIMvpak0PZTNrse\n"
      "tElyLl4ZAkEA4pWY62w+AJ+m2aGptv337saQhlfFQ268lKue4Ccun14VJebyKYKB\n"
      "xhYK/jXi+PLvXfVUKupta0hUROsa34vQywJBANfarWLaUthBG93iXEwfT1T3xQhX\n"
      "6BsSgD3pt6ivNAimPa00LuOmiCwX0X7y8FekAuNfvo1bvKZKnDz5YY/PHNkCQBS6\n"
      "EIoAlc9iy1V/J1I4+zQZb+EKKF5Zw+BprpfcnbQwXAjijmZjrNFc9NZ6QW/6cREM\n"
      "Pw3J8gZtUGAZjZTDam8CQQC6bUu8S0s8bCMzwHTKectFGj0z0qoUFuhySJ7wM33B\n"
      "dp5GbN1UbimfOnoLjbLK55kxghidMA6WX909FE9Gjpi7\n"
      "-----END RSA PRIVATE KEY-----\n",
      "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDXMSNTDVczUFMl7/LgSUVO1AkY3np2IFfSbJJi"
      "XrfpMzGS7QVuyl3SFiDKbBHfhKwTRUtM0kT6EV2yI26iAUvMhSk4yFXybJJtoBI1jrbRatknn4HX"
      "byIJrUG+vlOXsVTmKn2kiQ4h6HKxO88ZrN5eK2zqlklC/aaN5oeyFcvt0wIDAQAB" },
    [MAKER_RSA_1016] = {
      "-----BEGIN RSA PRIVATE KEY-----\n"
      "MIICVgIBAAKBgACyBsw0PPE2pEH90UOXCwhYWIl3KEPV1e/oWoFCvG/pQnqEz0gV\n"
      "tQutfHkpH+Stur/5QDOv2nIBDekkThBDLaGJO5y+d+2G/DylBgr0zGJgPumQvv6i\n"
      "8WEoMoGFKe3I6gvPIAvqkfinEce+kroqhRnOS80tWQz/X/SfcfY7Ab5fAgMBAAEC\n"
      "fy/Gyz6prEJxypQHeRAsEc1D1YB4+duFUqEUyOPUFmSPRroltr68m6mvYgS7Xm+R\n"
      "UrvdkwF6qmXGCe+IU6zzrgMw67XkYFE+EzvqjYuQ0+dk3b9u/LDlmmZbIiHmQSkb\n"
      "X7CQmJUsJEbSR9ZhYGKeEKrcgNFk/jQQlccDHlqaHOECQA1qyQNfTRqv4WnV5wLY\n"
      "EyhnsFfnDbylxQp5hEo07Mcz6r4bUrjsfd1JXKB2oWJbpFJPx9TVWdV6yiF/IHOk\n"
      "lt0CQA1EwxjF+mjx34orK5l7N2b9KtZDiFXfYuKMF+F3BrjAigpvbT9RYv2e+/aP\n"
      "RuS2ikGDVRTklhiBLD6XLK2ucGsCQAxmNA/mwaW5BnK9V7i8ILBFaqVBhONiur6c\n"
      "YBIH6Q2KwBQhwgfdnc+jnXM5TplMIYZj7kOVS2jLCgN8rWvRng0CQAprT6R5eozE\n"
      "OlxeUAti5Xt7HBNKzplYJGdvySTkeaPEleFh5HDPMSOln4fatLnO2bxeLAaPBYpS\n"
      "jPLNdWkhTOcCQAESGMjuNwgXg+rU1yCz8wTRT/Xzi9RbyKxpi4KG3Wccydg9BNEi\n"
      "vcCH7Kri5dSle5SBFSdpgsaQ7w1GH7Gym94=\n"
      "-----END RSA PRIVATE KEY-----\n",
      "MIGeMA0GCSqGSIb3DQEBAQUAA4GMADCBiAKBgACyBsw0PPE2pEH90UOXCwhYWIl3KEPV1e/oWoFC"
      "vG/pQnqEz0gVtQutfHkpH+Stur/5QDOv2nIBDekkThBDLaGJO5y+d+2G/DylBgr0zGJgPumQvv6i"
      "8WEoMoGFKe3I6gvPIAvqkfinEce+kroqhRnOS80tWQz/X/SfcfY7Ab5fAgMBAAE=" },
};

static u_char *bytes_of(const char *text)
{
    return (u_char *)(gsize)text;
}

static void set_option(DKIM_LIB *lib, dkim_opts_t option, void *value, gsize size)
{
    g_assert_cmpint(dkim_options(lib, DKIM_OP_SETOPT, option, value, size), ==, DKIM_STAT_OK);
}

static DKIM_LIB *open_library(const MakerSignature *signature)
{
    DKIM_LIB *lib = dkim_init(NULL, NULL);
    unsigned int no_minimum = 0;
    guint64 signed_at = (guint64)signature->signed_at, lifetime = signature->lifetime;
    void *twice = (void *)(gsize)signature->twice;

    g_assert_nonnull(lib);
    set_option(lib, DKIM_OPTS_MINKEYBITS, &no_minimum, sizeof no_minimum);
    if (signed_at != 0)
        set_option(lib, DKIM_OPTS_FIXEDTIME, &signed_at, sizeof signed_at);
    if (lifetime != 0)
        set_option(lib, DKIM_OPTS_SIGNATURETTL, &lifetime, sizeof lifetime);
    if (twice != NULL)
        set_option(lib, DKIM_OPTS_OVERSIGNHDRS, twice, sizeof twice);
    return lib;
}

/* Fields have no empty folds here, so each ends where no blank follows its CRLF. */
static void feed(DKIM *dkim, const char *mail)
{
    const char *field = mail, *end;

    for (; !g_str_has_prefix(field, "\r\n"); field = end + 2) {
        end = strstr(field, "\r\n");
        while (end[2] == ' ' || end[2] == '\t')
            end = strstr(end + 2, "\r\n");
        g_assert_cmpint(dkim_header(dkim, bytes_of(field), (gsize)(end - field)), ==,
                        DKIM_STAT_OK);
    }
    g_assert_cmpint(dkim_eoh(dkim), ==, DKIM_STAT_OK);
    if (field[2] != '\0')
        g_assert_cmpint(dkim_body(dkim, bytes_of(field + 2), strlen(field + 2)), ==,
                        DKIM_STAT_OK);
    g_assert_cmpint(dkim_eom(dkim, NULL), ==, DKIM_STAT_OK);
}

char *maker_sign(const char *mail, const MakerSignature *signature)
{
    DKIM_LIB *lib = open_library(signature);
    DKIM_STAT status;
    u_char *value;
    gsize length;
    DKIM *dkim = dkim_sign(
        lib, (const u_char *)"-", NULL, bytes_of(keys[signature->key].secret),
        bytes_of(signature->selector != NULL ? signature->selector : "202501"),
        bytes_of(signature->domain != NULL ? signature->domain : "bsi.bund.de"),
        signature->simple_header ? DKIM_CANON_SIMPLE : DKIM_CANON_RELAXED,
        signature->simple_body ? DKIM_CANON_SIMPLE : DKIM_CANON_RELAXED,
        signature->sha1 ? DKIM_SIGN_RSASHA1 : DKIM_SIGN_RSASHA256,
        signature->body_bytes > 0 ? signature->body_bytes : -1, &status);

    g_assert_nonnull(dkim);
    if (signature->names != NULL)
        g_assert_cmpint(dkim_signhdrs(dkim, (const char **)(gsize)signature->names), ==,
                        DKIM_STAT_OK);
    feed(dkim, mail);
    g_assert_cmpint(dkim_getsighdr_d(dkim, strlen("DKIM-Signature: "), &value, &length), ==,
                    DKIM_STAT_OK);
    char *whole = g_strdup_printf("DKIM-Signature: %.*s\r\n%s", (int)length, (char *)value, mail);
    dkim_free(dkim);
    dkim_close(lib);
    return whole;
}

const char *maker_p(MakerKey key)
{
    return keys[key].public;
}

gboolean maker_has_ed25519(void)
{
    DKIM_LIB *lib = dkim_init(NULL, NULL);
    gboolean has = dkim_libfeature(lib, DKIM_FEATURE_ED25519);

    dkim_close(lib);
    return has;
}
