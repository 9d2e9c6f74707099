/* SPDX-License-Identifier: MIT */
/* Computes for ever and asks for nothing: something to look at with `threads`, and to kill. */

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    for (;;) {
        __asm__ volatile("pause");
    }
}
