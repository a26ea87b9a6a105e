#!/usr/bin/env bash
# A schema registry on this machine with Confluent's REST interface: Apicurio from Maven Central, Java 17 and mvn, no container.
#   registry.sh start|stop|status [--dir DIR] [--port PORT]
# It is for trying things out: it forgets all schemas when it stops. Its address is http://127.0.0.1:PORT/apis/ccompat/v7.
# May be set: REGISTRY_HEAP (384m), REGISTRY_JARS (a cache folder).
set -euo pipefail

version=3.0.9 # the newest that runs on Java 17
jars=${REGISTRY_JARS:-${XDG_CACHE_HOME:-$HOME/.cache}/deltasift/apicurio-$version}
heap=${REGISTRY_HEAP:-384m}
command=${1:-}
dir=${XDG_STATE_HOME:-$HOME/.local/state}/deltasift/registry
port=18081
shift || true
while (($#)); do
  case $1 in
    --dir) dir=$2; shift 2 ;;
    --port) port=$2; shift 2 ;;
    *) echo "registry.sh: no such option: $1" >&2; exit 64 ;;
  esac
done
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
pid_file=$dir/pid
url=http://127.0.0.1:$port/apis/ccompat/v7

running() { [[ -f $pid_file ]] && kill -0 "$(<"$pid_file")" 2>/dev/null; }
ready() { curl -fsS -m 2 -o "$dir/answer" "$url/subjects" 2>/dev/null; }

# Into a folder of its own first: two that start at once must not see half of it.
fetch() {
  [[ -d $jars ]] && return
  mkdir -p "$(dirname "$jars")"
  local part
  part=$(mktemp -d "$jars.XXXXXX")
  mvn -q -B dependency:copy "-Dartifact=io.apicurio:apicurio-registry-app:$version:tar.gz:all" "-DoutputDirectory=$part" >&2
  tar xzf "$part"/*-all.tar.gz -C "$part"
  rm "$part"/*-all.tar.gz
  mv -T "$part" "$jars" 2>/dev/null || rm -rf "$part"
}

start() {
  running && { echo "already running: $url"; return; }
  fetch
  (exec java "-Xmx$heap" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dquarkus.http.host=127.0.0.1 "-Dquarkus.http.port=$port" \
    -jar "$jars"/*-runner.jar) >"$dir/registry.log" 2>&1 </dev/null &
  echo $! >"$pid_file"
  disown
  for ((i = 0; i < 600; i++)); do
    if ready; then
      # what is incompatible is refused, as with Confluent's own
      curl -fsS -o "$dir/answer" -X PUT -H 'content-type: application/json' -d '{"compatibility":"BACKWARD"}' "$url/config"
      echo "ready: $url"
      return
    fi
    running || { echo "registry.sh: it ended while starting, see $dir/registry.log" >&2; exit 1; }
    sleep 0.2
  done
  echo "registry.sh: not ready after 120 s, see $dir/registry.log" >&2
  exit 1
}

stop() {
  running || return 0
  local pid
  pid=$(<"$pid_file")
  kill -TERM "$pid"
  for ((i = 0; i < 100; i++)); do
    kill -0 "$pid" 2>/dev/null || { rm -f "$pid_file"; return 0; }
    sleep 0.1
  done
  kill -KILL "$pid"
  rm -f "$pid_file"
}

case $command in
  start) start ;;
  stop) stop ;;
  status) if running && ready; then echo "up: $url"; else echo down; exit 1; fi ;;
  *) sed -n '2,5s/^# //p' "${BASH_SOURCE[0]}" >&2; exit 64 ;;
esac
