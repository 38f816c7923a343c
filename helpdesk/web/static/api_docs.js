// Starts the viewer of the API reference. Requests tried out from it count as the signed-in agent's own.

const { SwaggerUIBundle } = /** @type {any} */ (window)

/** @returns {Promise<string | null>} */
async function signedInToken() {
  const answer = await fetch("/api/v1/me")
  return answer.ok ? (await answer.json()).csrf : null
}

const token = document.querySelector("#reference[data-signed-in]") ? signedInToken() : null

SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  docExpansion: "list",
  tagsSorter: "alpha",
  validatorUrl: null,
  requestInterceptor: async (/** @type {any} */ request) => {
    const csrf = await token
    if (csrf && request.method && request.method !== "GET") request.headers["X-CSRF-Token"] = csrf
    return request
  },
})
