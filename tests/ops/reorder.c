/* SPDX-License-Identifier: Apache-2.0 */
/* ToBlocked and FromBlocked: what goes in comes out, whatever the channels, and nothing else does.
 */
#include "ops/driver.h"

static void there(void **state)
{
    (void)state;
    for (int64_t channels = 1; channels < 70; channels += test_random_in(1, 9)) {
        const bool large = channels < 20; /* planes that are cut into stretches */
        const int64_t dims[] = {test_random_in(1, 2), channels, test_random_in(1, large ? 70 : 9),
                                test_random_in(large ? 60 : 1, large ? 90 : 40)};
        float *x = test_malloc((size_t)(dims[0] * dims[1] * dims[2] * dims[3]) * sizeof *x);
        for (int64_t i = 0; i < dims[0] * dims[1] * dims[2] * dims[3]; i++)
            x[i] = (float)test_random_real(-1, 1);
        const tenon__cpu_bits levels[] = {tenon__cpu_detect(), 0};
        for (size_t k = 0; k < 2 * TEST_COUNT(levels); k++) {
            tenon_error err;
            driver *d = driver_create(k % 2 ? "FromBlocked" : "ToBlocked", 1);
            driver_input(d, TENON_F32, 4, dims, x);
            if (k % 2) driver_blocked(d);
            assert_int_equal(driver_run(d, levels[k / 2], &err), TENON_OK);
            driver_expect(d, 0, TENON_F32, 4, dims, x);
            driver_destroy(d);
        }
        test_free(x);
    }
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {CASE(there)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
