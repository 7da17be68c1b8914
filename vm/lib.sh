# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# lib.sh - what every script of the laboratory shares: where things are, how it
# speaks, how it gets root.  Sourced, never run.

set -u
LAB_SRC=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
LAB_BUILD=${LAB_BUILD:-$LAB_SRC/build}
mkdir -p "$LAB_BUILD" 2>/dev/null || {
	echo "lab: cannot write $LAB_BUILD: set LAB_BUILD to a folder that can be written" >&2
	exit 2
}
LAB_BUILD=$(cd "$LAB_BUILD" && pwd -P)
export LAB_BUILD PYTHONDONTWRITEBYTECODE=1

say() { printf '%s\n' "lab: $*" >&2; }

# die MESSAGE: what went wrong and what to do about it, in one line
die() {
	say "$*"
	exit 1
}

# usage MESSAGE: the caller asked for something that is not there
usage() {
	say "$*"
	exit 2
}

# options VERB SPEC.. -- ARG..: the options of a verb, each a variable of that name
# ("-" as "_").  NAME= takes a value, NAME+ adds one to an array, NAME is set to 1;
# NAME> takes a value too, but both go on as they are, into the array passed.  What
# comes behind the options is in the array rest.
options() {
	local verb=$1 specs=' ' name
	shift
	while [ "$1" != -- ]; do
		specs+="$1 "
		shift
	done
	shift
	passed=()
	while [[ ${1-} = -?* ]]; do
		name=${1#--}
		[[ $specs = *" $name"[=+\>]" "* && $# = 1 ]] && usage "$verb: $1 wants a value"
		case $specs in
		*" $name= "*) printf -v "$name" %s "$2"; shift ;;
		*" $name+ "*) local -n option_list=$name; option_list+=("$2"); unset -n option_list; shift ;;
		*" $name> "*) passed+=("$1" "$2"); shift ;;
		*" $name "*) printf -v "${name//-/_}" 1 ;;
		*) usage "$verb: unknown option '$1': ./lab help lists them" ;;
		esac
		shift
	done
	rest=("$@")
}

# as_root COMMAND..
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "needs root for \"$*\": run that as root, or install sudo"
	fi
}

# debian_here: the code name of this machine's Debian, or of LAB_HOST; empty elsewhere
debian_here() { echo "${LAB_HOST-$(. /etc/os-release 2>/dev/null; echo "${VERSION_CODENAME-}")}"; }

# mirrors_of SUITE: where a suite of Debian may lie, the most likely first: where this
# machine has it from, where it has its own release from, Debian's own
mirrors_of() {
	# shellcheck disable=SC2016 # apt expands it
	apt-get indextargets --format '$(RELEASE) $(ORIGIN) $(REPO_URI)' \
		'Created-By: Packages' 'Component: main' 2>/dev/null |
		awk -v suite="$1" -v here="$(debian_here)" '
			function security(of) { return of ~ /-security$/ }
			$1 == suite { same = same ? same : $NF }
			security($1) != security(suite) { next }
			here != "" && index($1, here) == 1 { own = own ? own : $NF }
			NF == 3 && $2 == "Debian" { debian = debian ? debian : $NF }
			END {
				told[""]
				list[1] = same; list[2] = own; list[3] = debian
				list[4] = "http://deb.debian.org/debian" (security(suite) ? "-security/" : "/")
				for (i = 1; i <= 4; i++)
					if (!(list[i] in told)) {
						told[list[i]]
						print list[i]
					}
			}'
}

# apt_suite SUITE: from here on apt knows this suite of Debian and nothing else, by
# lists of its own, which the keys of Debian's archive verify; what the machine is
# installed from is not touched, and root is not needed
apt_options=()
apt_suite() {
	local dir=$LAB_BUILD/apt/$1 file
	command -v apt-get >/dev/null ||
		die "no apt-get here, this is no Debian: kernels come from Debian's packages; use --kernel host"
	apt_keyring=
	for file in "${LAB_KEYRINGS:-/usr/share/keyrings}"/debian-archive-keyring.{pgp,gpg}; do
		[ ! -r "$file" ] || apt_keyring=$file
	done
	[ -n "$apt_keyring" ] ||
		die "no keys here to check Debian's packages with: install debian-archive-keyring, or use --kernel host"
	mkdir -p "$dir"/{lists,archives}/partial || exit 1
	apt_of=$1
	apt_options=(-o "Dir::Etc::sourcelist=$dir/sources" -o Dir::Etc::sourceparts=/dev/null
		-o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
		-o "Dir::State=$dir" -o "Dir::State::lists=$dir/lists" -o Dir::State::status=/dev/null
		-o "Dir::Cache=$dir" -o APT::Sandbox::User=root -o Acquire::Languages=none)
}

# apt_suite_lists [MINUTES]: the lists of the suite are here, and no older than that, or
# than a day; where that fails the reasons are in build/apt/SUITE/reason
apt_suite_lists() { locked "apt-$apt_of" fetch_suite_lists "$@"; }
fetch_suite_lists() {
	local dir=$LAB_BUILD/apt/$apt_of mirror
	[ -z "$(find "$dir/fetched" -mmin "-${1-1440}" 2>/dev/null)" ] || return 0
	say "fetching the package lists of $apt_of"
	: >"$dir/reason"
	for mirror in $(mirrors_of "$apt_of"); do
		echo "deb [signed-by=$apt_keyring] $mirror $apt_of main" >"$dir/sources"
		apt-get "${apt_options[@]}" -qq -o APT::Update::Error-Mode=any update 2>"$dir/apt.log" >&2 && {
			touch "$dir/fetched"
			return
		}
		if grep -q 'does not have a Release file' "$dir/apt.log"; then
			echo "no $apt_of at $mirror"
		else
			echo "no lists of $apt_of from $mirror, says apt: $(grep -m1 '^[EW]:' "$dir/apt.log")"
		fi >>"$dir/reason"
	done
	rm -rf "$dir/sources" "$dir/lists" "$dir/fetched"
	return 1
}

# apt_reason: why there are no lists, in a line
apt_reason() { paste -sd ';' "$LAB_BUILD/apt/$apt_of/reason" | sed 's/;/; /g'; }

# apt_lists_update: fetch the package lists anew
apt_lists_update() {
	if [ ${#apt_options[@]} != 0 ]; then
		apt_suite_lists 1 || die "$(apt_reason): check the network"
		return
	fi
	say "fetching the package lists (apt-get update)"
	as_root apt-get -qq update >&2 ||
		die "apt-get update failed: check the network and /etc/apt/sources.list"
}

# apt_download DIR PACKAGE..: into DIR, without installing; what apt says against
# it is in DIR/apt.log.  apt checks their sums against its signed lists.
apt_download() {
	local dir=$1
	shift
	(cd "$dir" && apt-get "${apt_options[@]}" -qq -o APT::Sandbox::User=root download "$@") 2>"$dir/apt.log"
}

# apt_depends PACKAGE PATTERN: what it depends on, of that name
apt_depends() {
	apt-cache "${apt_options[@]}" depends "$1" 2>/dev/null |
		sed -n "s/[<>]//g; s/^ *|*Depends: \\($2\\)\$/\\1/p"
}

# apt_closure PACKAGE..: what apt would install, in that order, on a machine that has nothing
apt_closure() {
	apt-get "${apt_options[@]}" -s -o Dir::State::status=/dev/null -o APT::Install-Recommends=false \
		-o Dir::Cache::pkgcache= install "$@" | awk '$1 == "Inst" { print $2 }'
}

# apt_complaint DIR: why apt_download failed
apt_complaint() { grep -m1 '^E:' "$1/apt.log" || echo 'apt-get download failed'; }

# once KEY MESSAGE: what is said once, and not at every build
once() {
	[ -e "$LAB_BUILD/.told/$1" ] && return
	mkdir -p "$LAB_BUILD/.told" && touch "$LAB_BUILD/.told/$1"
	say "$2"
}

# locked NAME COMMAND..: one at a time, however many laboratories run
locked() {
	local lock=$1
	shift
	mkdir -p "$LAB_BUILD/.lock"
	(
		flock -n 9 || {
			say "waiting for another laboratory ($lock)"
			flock 9
		}
		"$@" 9>&-
	) 9>"$LAB_BUILD/.lock/$lock"
}

# of_host KEY: the words of vm/hosts.tab for this machine, or for LAB_HOST
of_host() {
	local table=$LAB_SRC/vm/hosts.tab release
	release=$(debian_here)
	awk -v key="$1" -v host="$release" '
		/^#/ || !NF { next }
		NF < 3 {
			printf "lab: %s:%d: wants a host, a key and words\n", FILENAME, FNR >"/dev/stderr"
			broken = 1
			exit 2
		}
		$1 != "*" { newest = $1; if ($1 == host) known = 1 }
		$2 == key { whose = $1; $1 = $2 = ""; words[whose] = words[whose] $0 }
		END {
			if (broken)
				exit
			told = words["*"] words[known ? host : newest]
			if (!told)
				exit 1
			print told
		}' "$table"
}

# kernels [USED], kernel_is NAME FIELD..: of vm/kernels.tab
kernels() { "$LAB_SRC/vm/tables.py" kernels "$@"; }
kernel_is() { "$LAB_SRC/vm/tables.py" kernel "$@"; }

# known_events WORD: a source of events, as fcb's parameter has it, or auto
known_events() {
	case $1 in
	auto | socket | tap | 2002) ;;
	*) usage "unknown --events '$1': one of auto socket tap 2002" ;;
	esac
}

# known_kernel NAME: complains when no such kernel is known
known_kernel() { kernel_is "$1" >/dev/null || exit 2; }

# kernel_release NAME: the release of a fetched kernel
kernel_release() { cat "$LAB_BUILD/kernels/$1/release"; }

# headers_compiler NAME: the compiler that its headers ask for: gcc-14; none where they
# leave it to the machine
headers_compiler() {
	sed -n 's/^CC *=.*[^a-z]\(gcc-[0-9]*\)$/\1/p' \
		"$LAB_BUILD/kernels/$1/headers/.kernelvariables" 2>/dev/null
}

# epoll_run_files [programs]: epoll-run and its libraries; and programs to try it with
epoll_run_files() { "$LAB_SRC/vm/tables.py" epoll-run "$@"; }

# preload_programs: qemu-run's options for all of these
preload_programs() {
	epoll_run_files programs | sed 's/^/--program\n/'
}

# accel_for_figures ACCEL KERNEL: what "auto" is where something is measured:
# an emulated second means nothing, a counted instruction does
accel_for_figures() {
	local accel=$1
	[ "$accel" = auto ] || { echo "$accel"; return; }
	accel=$("$LAB_SRC/vm/accel" "$2") || return 1
	[ "$accel" = kvm ] || accel=icount
	echo "$accel"
}

# planted FAULT: for sed, to give it to the modules of devices that have it in a test build,
# where a job loads them by name
planted() {
	local fault=$1 faults
	faults=$(sed -nE 's/^plant=([a-z]+) +(dev_epoll|eventpoll_port) .*/\1 \2/p' \
		"$LAB_SRC/tests/plants.txt" | sort -u)
	grep -q "^$fault " <<<"$faults" ||
		usage "unknown fault '$fault': one of $(cut -d' ' -f1 <<<"$faults" | sort -u | xargs)"
	sed -n "s/^$fault \(.*\)/s,^(load .*\1),\\\\1 plant=$fault,;/p" <<<"$faults" | xargs -d '\n'
}

# users_of ROOT: the users and groups of a guest's file system
users_of() {
	printf '%s\n' root:x:0:0:root:/tmp:/bin/sh nobody:x:65534:65534:nobody:/tmp:/bin/sh >"$1/etc/passwd"
	printf '%s\n' root:x:0: nogroup:x:65534: >"$1/etc/group"
}
