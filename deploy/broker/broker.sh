#!/usr/bin/env bash
# One Kafka broker on this machine, KRaft, from Maven Central's jars: Java 17 and mvn, no container.
#   broker.sh start|stop|kill|status|wipe [--dir DIR] [--port PORT] [--secure]
# PORT speaks plain text, PORT+1 is the controller's; --secure adds SASL_SSL at PORT+2, and ACLs (secure.properties).
# stop lets it finish; kill is kill -9; wipe also deletes DIR. May be set: BROKER_HEAP (512m), BROKER_OPTS (of the JVM), BROKER_JARS (a cache folder).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=4.4.0
jars=${BROKER_JARS:-${XDG_CACHE_HOME:-$HOME/.cache}/deltasift/kafka-$version}
heap=${BROKER_HEAP:-512m}
read -ra options <<<"${BROKER_OPTS:-}"
command=${1:-}
dir=${XDG_STATE_HOME:-$HOME/.local/state}/deltasift/broker
port=19092
secure=no
shift || true
while (($#)); do
  case $1 in
    --dir) dir=$2; shift 2 ;;
    --port) port=$2; shift 2 ;;
    --secure) secure=yes; shift ;;
    *) echo "broker.sh: no such option: $1" >&2; exit 64 ;;
  esac
done
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
pid_file=$dir/pid

# A zombie has ended, whoever is to reap it.
alive() { kill -0 "$1" 2>/dev/null && [[ $(ps -o stat= -p "$1") != Z* ]]; }
running() { [[ -f $pid_file ]] && alive "$(<"$pid_file")"; }
listening() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }

# Into a folder of its own first: two that start at once must not see half of it.
fetch_jars() {
  [[ -d $jars ]] && return
  mkdir -p "$(dirname "$jars")"
  local part
  part=$(mktemp -d "$jars.XXXXXX")
  mvn -q -B -f "$here/pom.xml" "-Dkafka.version=$version" dependency:copy-dependencies -DincludeScope=runtime "-DoutputDirectory=$part" >&2
  mv -T "$part" "$jars" 2>/dev/null || rm -rf "$part"
}

java_with() { # FILE of the log, JVM options, class, arguments
  local log=$1
  shift
  exec java "-Dlog4j2.configurationFile=$here/log4j2.properties" "-Ddeltasift.log=$log" -cp "$jars/*" "$@"
}

make_keys() {
  [[ -f $dir/broker.p12 ]] && return
  keytool -genkeypair -alias broker -keyalg EC -groupname secp256r1 -validity 3650 -dname CN=127.0.0.1 \
    -ext san=ip:127.0.0.1,dns:localhost -storetype PKCS12 -keystore "$dir/broker.p12" -storepass changeit 2>/dev/null
  keytool -exportcert -rfc -alias broker -keystore "$dir/broker.p12" -storepass changeit -file "$dir/ca.pem" 2>/dev/null
}

configure() {
  local parts=("$here/server.properties") scram=()
  if [[ $secure == yes ]]; then
    make_keys
    parts+=("$here/secure.properties")
    scram=(--add-scram 'SCRAM-SHA-512=[name=app,password=app-secret]')
  fi
  cat "${parts[@]}" |
    sed -e "s#@PORT@#$port#g; s#@CONTROLLER_PORT@#$((port + 1))#g; s#@SECURE_PORT@#$((port + 2))#g; s#@DIR@#$dir#g" >"$dir/server.properties"
  [[ -f $dir/data/meta.properties ]] && return
  local cluster_id # 16 bytes; a leading "-" would be an option
  cluster_id=$(head -c 16 /dev/urandom | base64 | tr '+/' 'AB' | tr -d =)
  (java_with "$dir/format.log" -Xmx128m -XX:TieredStopAtLevel=1 kafka.tools.StorageTool format \
    --cluster-id "$cluster_id" --config "$dir/server.properties" "${scram[@]}" >"$dir/format.out" 2>&1) ||
    { cat "$dir/format.out" >&2; exit 1; }
}

start() {
  running && { echo "already running on 127.0.0.1:$port"; return; }
  listening && { echo "broker.sh: something else listens on port $port: name another with --port" >&2; exit 1; }
  fetch_jars
  configure
  (java_with "$dir/server.log" "-Xms$heap" "-Xmx$heap" -XX:+UseSerialGC "${options[@]}" kafka.Kafka "$dir/server.properties") \
    >"$dir/server.out" 2>&1 </dev/null &
  echo $! >"$pid_file"
  disown
  for ((i = 0; i < 1200; i++)); do
    listening && { echo "ready on 127.0.0.1:$port"; return; }
    running || { echo "broker.sh: it ended while starting, see $dir/server.out and $dir/server.log" >&2; exit 1; }
    sleep 0.05
  done
  echo "broker.sh: not ready after 60 s, see $dir/server.log" >&2
  exit 1
}

end_with() { # SIGNAL
  [[ -f $pid_file ]] || return 0
  local pid tries=40 # of one that somebody else has ended
  pid=$(<"$pid_file")
  running && { tries=600; kill "-$1" "$pid"; }
  for ((i = 0; i < tries; i++)); do # its threads may hold the port for a moment after it has ended
    alive "$pid" || listening || { rm -f "$pid_file"; return 0; }
    sleep 0.05
  done
  running && kill -KILL "$pid"
  rm -f "$pid_file"
}

case $command in
  start) start ;;
  stop) end_with TERM ;;
  kill) end_with KILL ;;
  status) if running && listening; then echo "up on 127.0.0.1:$port"; else echo down; exit 1; fi ;;
  wipe) end_with KILL; rm -rf "$dir" ;;
  *) sed -n '2,5s/^# //p' "${BASH_SOURCE[0]}" >&2; exit 64 ;;
esac
