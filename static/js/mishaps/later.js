// Mishaps of the maps and of others' notes, fetched with them. first.js says what they are.

import { t } from "../i18n.js";
import "../later.js";

export const MISHAPS = /** @satisfies {Record<string, () => import("./first.js").Mishap>} */ ({
  pinFull: () => [t("The place could not be kept: the phone is full."), t("The note is as it was."), t("Make room on the phone, and try again.")],
  undrawn: () => [t("The map cannot be drawn here."), t("Every place stands on the list."), t("Use the list.")],
  unfetched: () => [t("The map could not be fetched."), t("Every place stands on the list."), t("Use the list.")],
  unallowed: () => [t("The phone says no to positions."), t("Every place stands on the list."), t("Choose there, or allow it: Help shows how.")],
  unplaced: () => [t("No position here."), t("Every place stands on the list."), t("Choose there. It is in the order of the route.")],
  uncounted: () => [t("Your voice has not been counted."), t("Nothing was changed."), t("That needs a network. Press again when there is one.")],
  notTaken: () => [t("It could not be fetched."), t("Nothing was changed."), t("Try again where the network is better.")],
  unerased: () => [t("The server has not said that it is erased."), t("Your notes stay on the phone."), t("Press again when there is a network.")],
  wayFull: () => [t("The phone has no room for more of the way."), t("What was recorded is kept."), t("Make room on the phone, and go on.")],
});
