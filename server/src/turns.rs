//! Turns: the engine (model ⇄ tools until done), the hub (sequence, replay, fan-out), the reaper.
