/* SPDX-License-Identifier: Apache-2.0 */
/* The command: finds the verb, calls it, says the version. */
#include <errno.h>
#include <string.h>

#include "cli.h"

static int run_verb(const cli_args *args)
{
    cli_context c = {.args = args};
    int rc;
    cli_catch_interrupts();
    switch (args->verb) {
    case VERB_RUN:
        rc = verb_run(&c);
        break;
    case VERB_INSPECT:
        rc = verb_inspect(&c);
        break;
    case VERB_BENCH:
        rc = verb_bench(&c);
        break;
    case VERB_COMPARE:
        rc = verb_compare(&c);
        break;
    default:
        rc = verb_doctor(&c);
        break;
    }
    cli_close(&c);
    return cli_interrupted() && rc != EXIT_DONE ? EXIT_INTERRUPTED : rc;
}

/* What was printed may still be on its way: only now is it known whether it arrived. */
static int finish(int rc)
{
    errno = 0;
    if ((fflush(stdout) || ferror(stdout)) && rc == EXIT_DONE)
        return cli_fail(EXIT_ENVIRONMENT, "stdout: %s", strerror(errno ? errno : EIO));
    return rc;
}

static void print_version(void)
{
    printf("tenon %s\n", tenon_version_text());
#if defined(__clang__)
    printf("built with clang %s, C%ld\n", __clang_version__, __STDC_VERSION__ / 100 % 100);
#elif defined(__GNUC__)
    printf("built with gcc %s, C%ld\n", __VERSION__, __STDC_VERSION__ / 100 % 100);
#endif
#ifdef TENON_HAVE_SPNG
    printf("pictures: .png (libspng)");
#else
    printf("pictures: no .png (built without libspng)");
#endif
#ifdef TENON_HAVE_TURBOJPEG
    printf(", .jpg (libturbojpeg)\n");
#else
    printf(", no .jpg (built without libturbojpeg)\n");
#endif
}

int main(int argc, char **argv)
{
    cli_args args;
    if (argc < 2) {
        printf("tenon run model.onnx --input x=x.npy --output out\n"
               "tenon inspect model.onnx\n"
               "tenon bench model.onnx --threads 1,2\n"
               "tenon --help\n");
        return finish(EXIT_DONE);
    }
    if (strcmp(argv[1], "--version") == 0) {
        print_version();
        return finish(EXIT_DONE);
    }
    if (strcmp(argv[1], "--man") == 0) {
        cli_print_man(stdout);
        return finish(EXIT_DONE);
    }
    int rc = cli_parse(argc, argv, &args);
    return finish(rc >= 0 ? rc : run_verb(&args));
}
