@database_management
Feature: Deadlocks are resolved
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Let large teams work on the same data without getting in each other's way
  Value impact:     A request that collides with another one takes a moment longer and succeeds
  Strategic impact: New features may share data with old ones without any risk to customers' work

  @DBP-08 @segment.free @segment.early @segment.mid @segment.enterprise
  @needs.own_database @needs.own_records
  Rule: A deadlock is resolved, nobody is stuck, and nothing is lost

    @gate
    @needs.allowances @needs.conversations @needs.messages @needs.message_moves @needs.partner
    Scenario Outline: A request aborted by a deadlock is retried and succeeds
      Given Acme is <a plan> customer with <data>
      When a deadlock aborts Acme's <change>
      Then Acme's request succeeds
      And Acme's <change> took effect exactly once

      Examples:
        | a plan   | data                             | change              |
        | a Mid    | an allowance                     | expense             |
        | an Early | two conversations                | move of messages    |
        | a Free   | a run that waits for the partner | completion of a run |

    @smoke
    @needs.conversations @needs.messages @needs.message_moves
    Scenario: Two conversations exchange their messages at once
      Given Acme is an Enterprise customer with two conversations
      When Acme moves the messages of each conversation to the other at the same time
      Then both moves succeed
      And each conversation has the messages of the other
