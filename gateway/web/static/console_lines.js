// The lines that nodes of this hallkit tell (firmware/shell/health.py), in Chinese. A line nobody
// knows stays as it was told.
import { currentLanguage } from "./console_words.js";

/** @type {[RegExp, (...found: string[]) => string][]} */
const KNOWN = [
  [/^start (\d+): power on$/, (boot) => `第 ${boot} 次启动：通电`],
  [/^start (\d+): watchdog$/, (boot) => `第 ${boot} 次启动：看门狗复位`],
  [/^start (\d+): reset$/, (boot) => `第 ${boot} 次启动：复位`],
  [/^start (\d+)$/, (boot) => `第 ${boot} 次启动`],
  [
    /^start (\d+) after (\d+) faults in a row, the last: (.*)$/,
    (boot, count, fault) => `第 ${boot} 次启动：此前连续故障 ${count} 次，最后一次：${fault}`,
  ],
  [
    /^back after (\d+) s without connection: (.*)$/,
    (seconds, why) => `连接恢复，中断 ${seconds} 秒：${reason(why)}`,
  ],
  [/^key (\d+) \((.*)\) is stuck: it does not come up$/, (key) => `${key} 号键卡住，一直没有弹起`],
  [/^key (\d+) \((.*)\) is free again$/, (key) => `${key} 号键已恢复`],
  [/^stored values were damaged and are lost: (.*)$/, (keys) => `存储的值损坏丢失：${keys}`],
  [/^interface started anew: there was no network$/, () => "网络接口已重启：没有网络"],
  [/^interface started anew: dials met silence$/, () => "网络接口已重启：拨号没有回应"],
  [/^here I am, for (\d+) s$/, (seconds) => `正在示意 ${seconds} 秒`],
  [/^(\d+) messages dropped: .*$/, (count) => `丢弃了 ${count} 条消息：该节点说得太多`],
];

const REASONS = [
  ["no network", "没有网络"],
  ["connection lost", "连接断开"],
  ["time-out: no PINGRESP", "消息代理没有回应"],
  ["time-out: no CONNACK", "连接没有回应"],
];

function reason(why) {
  return why
    .split("; then ")
    .map((part) => (REASONS.find(([known]) => known === part) || ["", part])[1])
    .join("；随后 ");
}

/** A line in the language of the page. */
export function lineText(text) {
  if (currentLanguage() === "en") return text;
  for (const [shape, words] of KNOWN) {
    const found = shape.exec(text);
    if (found) return words(...found.slice(1));
  }
  return text;
}
