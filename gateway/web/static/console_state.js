// How a node is, from what the gateway tells: its state, what is wrong, and what to do about it.
// Pure: a node (of GET /api/v1/nodes) and the releases in, words out.
import { ago, either, span, t } from "./console_words.js";

const WEAK_DBM = -75;
const TOO_WEAK_DBM = -83;
const OUTBOX_MS = 5000;
const HEAP_BYTES = 8192;
const SILENT_MS = 150000; // health comes every minute
const FAULTS_PATIENT = 3; // from here on a node waits before it tries again

/** online, stale, lost, off (said goodbye) or never. */
export function stateOf(node) {
  if (node.state === "unknown") return "never";
  if (!node.online) return node.state === "bye" ? "off" : "lost";
  return node.want_rev !== null && !node.fresh ? "stale" : "online";
}

/** 0 to 4 bars, null without a radio. */
export function barsOf(node) {
  const dbm = node.health ? node.health.signal_dbm : null;
  if (dbm === null) return null;
  return [-82, -75, -67, -60].filter((least) => dbm >= least).length;
}

export const isEsp32 = (node) => node.board.startsWith("esp32");

/** Whether a newer release lies at the gateway for it; only for nodes that run one. */
export function isOutdated(node, releases) {
  const release = node.health ? node.health.release : 0;
  return isEsp32(node) && release > 0 && releases.length > 0 && release < releases[0].release;
}

/** Whether an update is under way. */
export const isUpdating = (node) =>
  !!node.update && ["offered", "fetching", "ready", "trial"].includes(node.update.state);

/**
 * What is wrong, the worst first: {level: "bad" | "warn" | "info", what, text, step, command}.
 * `step` is what to do next, `command` what to type for it ("" for nothing).
 */
export function problemsOf(node, releases) {
  const found = [...lifeProblems(node), ...healthProblems(node), ...updateProblems(node, releases)];
  const order = ["bad", "warn", "info"];
  return found.sort((one, other) => order.indexOf(one.level) - order.indexOf(other.level));
}

function problem(level, what, text, step, command = "") {
  return { level, what, text, step, command };
}

function lifeProblems(node) {
  const state = stateOf(node);
  const seen = node.last_seen_ms_ago;
  const since = seen === null ? "" : either(`：${ago(seen)}还听到`, `, last heard ${ago(seen)}`);
  if (state === "never") {
    return [
      isEsp32(node)
        ? problem(
            "bad", "never", t("state_never"),
            either("接好线、通电；新板卡先刷机", "Wire and power it; flash a new board first"),
            `hallkit flash ${node.id}`,
          )
        : problem(
            "bad", "never", t("state_never"),
            either(
              "在树莓派上运行 firmware/drivers/pi/install.sh 安装该角色",
              "Install its role on the Raspberry Pi with firmware/drivers/pi/install.sh",
            ),
          ),
    ];
  }
  if (state === "lost") {
    return [
      problem(
        "bad", "lost", t("state_lost") + since,
        either(
          "检查电源与网络（网线、交换机、Wi-Fi）；有电有网仍失联，就更换",
          "Check its power and network (cable, switch, Wi-Fi); with both and still lost, replace it",
        ),
        `hallkit replace ${node.id}`,
      ),
    ];
  }
  if (state === "off") {
    return [
      problem(
        "warn", "lost", t("state_off") + since,
        either("它是正常关机的，通电即可", "It was switched off in order; give it power"),
      ),
    ];
  }
  if (state === "stale") {
    return [
      problem(
        "bad", "stale", either("听不到网关，画面不可信", "It does not hear the gateway"),
        either(
          "等半分钟；若不恢复，检查消息代理（MQTT）",
          "Give it half a minute; if it stays so, look at the MQTT broker",
        ),
      ),
    ];
  }
  return [];
}

function healthProblems(node) {
  const found = [];
  const { health } = node;
  if (health && health.faults > 0) {
    const often = health.faults >= FAULTS_PATIENT;
    const count = t("faults_in_a_row", { count: health.faults });
    found.push(
      problem(
        often ? "bad" : "warn", "fault", `${t("fault_last")}: ${health.fault} (${count})`,
        often
          ? either("反复故障：更换板卡", "It fails again and again: replace the board")
          : either(
              "它已自行重启；一小时内不再发生即自动清除",
              "It has reset itself; an hour without another one clears this",
            ),
        often ? `hallkit replace ${node.id}` : "",
      ),
    );
  }
  if (!node.online) return found;
  if (node.outbox_age_ms > OUTBOX_MS) {
    found.push(
      problem(
        "warn", "outbox", `${t("outbox")}: ${span(node.outbox_age_ms)}`,
        either(
          "有上报没有得到网关确认；看日志与网络",
          "A report of it is not acknowledged; look at its log and the network",
        ),
      ),
    );
  }
  if (!health) return found;
  if (health.signal_dbm !== null && health.signal_dbm < WEAK_DBM) {
    found.push(
      problem(
        health.signal_dbm < TOO_WEAK_DBM ? "bad" : "warn", "signal",
        either(`信号弱 ${health.signal_dbm} dBm`, `Weak signal ${health.signal_dbm} dBm`),
        either(
          "移近接入点，避开金属；或改用网线板卡",
          "Move the access point closer, away from metal; or use an Ethernet board",
        ),
      ),
    );
  }
  if (health.heap_free_bytes !== null && health.heap_free_bytes < HEAP_BYTES) {
    found.push(
      problem(
        "warn", "heap", either("内存快用完", "Memory is running out"),
        either("更新固件；若仍如此请报告日志", "Update it; if it stays so, report its log"),
      ),
    );
  }
  if (health.at_ms_ago > SILENT_MS) {
    found.push(
      problem(
        "warn", "silent",
        either(`${ago(health.at_ms_ago)}之后没有健康报告`, `No health for ${span(health.at_ms_ago)}`),
        either("在线却不报告：看日志，必要时断电重启", "Look at its log; power-cycle it if need be"),
      ),
    );
  }
  return found;
}

function updateProblems(node, releases) {
  const { update } = node;
  if (update && (update.state === "refused" || update.state === "returned")) {
    return [
      problem(
        "warn", "update", `${t(`update_${update.state}`)} (${update.release}): ${update.why}`,
        either(
          "按原因处理后再更新；旧发布版照常工作",
          "Mend the cause, then update again; the old release goes on working",
        ),
      ),
    ];
  }
  if (isOutdated(node, releases) && !isUpdating(node)) {
    const newest = releases[0].release;
    return [
      problem(
        "info", "outdated", t("outdated", { release: newest }),
        either("在空闲时更新", "Update it when it is idle"),
      ),
    ];
  }
  return [];
}

/** The filters of the list, in order: name and whether it takes a node. */
export const FILTERS = [
  ["all", () => true],
  ["problem", (view) => view.problems.some((each) => each.level !== "info")],
  ["lost", (view) => view.state === "lost" || view.state === "off"],
  ["stale", (view) => view.state === "stale"],
  ["never", (view) => view.state === "never"],
  ["fault", (view) => view.problems.some((each) => each.what === "fault")],
  ["outdated", (view) => view.problems.some((each) => each.what === "outdated")],
];

/** All that lists and details show of a node. */
export function viewOf(node, releases) {
  return { node, state: stateOf(node), problems: problemsOf(node, releases) };
}
