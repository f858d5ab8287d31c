// Mishaps of the map that is kept on the phone, fetched with what keeps it. first.js says what they are.

import { t } from "../i18n.js";
import "../later.js";

export const MISHAPS = /** @satisfies {Record<string, () => import("./first.js").Mishap>} */ ({
  full: () => [t("There is no room for the map."), t("Notes do not need it."), t("Make room on the phone, and it is fetched.")],
  foreign: () => [t("What came was not the walk's map, so it was not kept."), t("Notes do not need it."), t("It is fetched again later.")],
  cut: () => [t("The map did not come through."), t("Notes do not need it."), t("It is fetched again as soon as there is a network.")],
});
