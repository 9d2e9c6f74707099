# Run by Debian's busybox, for Linux, as it is.
echo "busybox: $# $1"
PATH=/sbin
uname -s
ls / | sort | head -3
seq 1 500 | awk '{ sum += $1 } END { print "sum", sum }'
echo "hello world" | sed 's/world/quay/' | tr a-z A-Z
cd /tmp && mkdir -p x/y && echo data > x/y/f && find x | sort
tar cf - x | tar tf -
echo text | gzip | gunzip
rm -r x
expr 6 '*' 7
(exit 3); echo "status $?"
i=0; while [ $i -lt 20 ]; do i=$((i + 1)); busybox true || echo failed; done; echo "loops $i"
dd if=/dev/zero bs=1000 count=50 2>/dev/null | md5sum
ps | head -1
ln -s /boot/lib /lib; ln -s /boot/lib64 /lib64; /bin/seq -s + 4 6
date +%Y | wc -l
test "$(busybox cat /proc/self/cmdline | tr '\0' ' ')" && echo end
