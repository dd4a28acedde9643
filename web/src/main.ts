import { mount } from "svelte";
import "./lib/tokens.css";
import App from "./app/App.svelte";

const target = document.getElementById("app");
if (target === null) throw new Error("index.html has no #app");
mount(App, { target });
