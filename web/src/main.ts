import { mount } from "svelte";
import "./lib/tokens.css";
import App from "./app/App.svelte";
import { ApiError } from "./lib/api";

// What was under way when the session ended is answered by the sign-in page, wherever it was asked.
window.addEventListener("unhandledrejection", (event) => {
  if (event.reason instanceof ApiError && event.reason.status === 401) event.preventDefault();
});

const target = document.getElementById("app");
if (target === null) throw new Error("index.html has no #app");
mount(App, { target });
