# What a shell does with processes, pipes, files and signals.
echo "arguments: $# $1"
echo one two | cat
ls / | sort | head -3
for i in 1 2 3; do echo "line $i"; done | grep -v 2 | wc -l
cd /tmp && pwd
echo hello > a && cat < a && cp a b && cat b
mkdir -p d/e && touch d/e/f && ls d/e
ln -s a link && cat link
rm -r a b link d && ls
false || echo "status $?"
sh -c 'exit 7'; echo "status $?"
sh -c 'kill -TERM $$'; echo "status $?"
nothing_there; echo "status $?"
seq 1 2000 | sort -rn | head -1
(sleep 1; echo slept) & wait; echo waited
trap 'echo trapped' USR1; kill -USR1 $$
cat <<end
here $((6 * 7))
end
echo "$(echo sub)"
x=$(yes | head -1000 | wc -l); echo "$x"
native; echo "native $?"
names | grep -c vfs
call | head -1; call proc | head -1; call names.get 0; call nobody; echo "call $?"
test -x /bin/sh && echo end
