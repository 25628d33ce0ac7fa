/** The style id nearest to a text, as the service makes it: "Sérusier (1888)" -> "serusier-1888". */
export function slug(text) {
  const words = text.normalize("NFKD").replace(/[^\x00-\x7f]/g, "").toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return words.join("-").slice(0, 64).replace(/-$/, "");
}
